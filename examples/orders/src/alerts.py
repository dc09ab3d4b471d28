"""Gets the record of every order that could not be billed."""


def handler(record, context):
    print("not billed:", record["requestPayload"]["order"], record["requestContext"]["condition"])
