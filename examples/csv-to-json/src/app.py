"""Converts each CSV file that is uploaded into JSON, beside it."""

import csv
import io
import json
from urllib.parse import unquote_plus

import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        if not rows:
            raise ValueError(f"{key} has no rows")
        s3.put_object(Bucket=bucket, Key=f"{key.removesuffix('.csv')}.json", Body=json.dumps(rows).encode())
