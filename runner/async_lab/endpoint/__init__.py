"""The embedded AWS: moto's server with Lambda and CloudWatch reimplemented faithfully, in virtual time."""
