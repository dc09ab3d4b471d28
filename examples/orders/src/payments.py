"""The payment provider."""


def charge(amount):
    return f"paid {amount:.2f}"
