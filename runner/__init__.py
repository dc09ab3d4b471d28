"""async-lab: a lab, Terraform modules and a digital twin for AWS Lambda's asynchronous invocations."""
