"""The embedded AWS: moto's server with the Lambda and CloudWatch that the lab needs made true, in virtual time."""
