"""KMS uses no key that is disabled, about to be deleted or made for something else."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def kms(async_lab):
    return async_lab.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def uses(kms, key_id):
    """Return each call that uses a key to encrypt."""
    return [
        (kms.encrypt, {"KeyId": key_id, "Plaintext": b"x"}),
        (kms.generate_data_key, {"KeyId": key_id, "KeySpec": "AES_256"}),
        (kms.generate_data_key_without_plaintext, {"KeyId": key_id, "KeySpec": "AES_256"}),
    ]


def test_a_disabled_key_is_not_used_by_any_of_its_names_and_an_enabled_one_is(kms, key):
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    kms.disable_key(KeyId=key["KeyId"])
    for name in (key["KeyId"], key["Arn"], "alias/mine", key["Arn"].rpartition(":")[0] + ":alias/mine"):
        for call, arguments in uses(kms, name):
            assert refusal(call, **arguments) == ("DisabledException", f"{key['Arn']} is disabled.")
    kms.enable_key(KeyId=key["KeyId"])
    for call, arguments in uses(kms, "alias/mine"):
        assert call(**arguments)["CiphertextBlob"]


def test_what_a_key_encrypted_is_not_decrypted_while_it_is_disabled(kms, key):
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    assert refusal(kms.decrypt, CiphertextBlob=blob)[0] == "DisabledException"
    assert refusal(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)[0] == "DisabledException"
    kms.enable_key(KeyId=key["KeyId"])
    kms.disable_key(KeyId=other)
    assert refusal(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)[0] == "DisabledException"
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert refusal(kms.decrypt, CiphertextBlob=b"no blob")[0] == "InvalidCiphertextException"


def test_a_key_that_is_about_to_be_deleted_is_neither_used_nor_changed_until_that_is_canceled(kms, key):
    key_id = key["KeyId"]
    assert refusal(kms.cancel_key_deletion, KeyId=key_id)[1] == f"{key['Arn']} is not pending deletion."
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    changes = [
        (kms.enable_key, {}),
        (kms.disable_key, {}),
        (kms.schedule_key_deletion, {}),
        (kms.update_key_description, {"Description": "x"}),
        (kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ]
    for call, arguments in (*uses(kms, key_id), *((call, {"KeyId": key_id} | more) for call, more in changes)):
        assert refusal(call, **arguments) == ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
    assert refusal(kms.create_alias, AliasName="alias/x", TargetKeyId=key_id)[0] == "KMSInvalidStateException"
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key_id)
    kms.enable_key(KeyId=key_id)
    assert kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]


@pytest.mark.parametrize("days", [6, 31])
def test_a_key_waits_seven_to_thirty_days_for_its_deletion(kms, key, days):
    code, message = refusal(kms.schedule_key_deletion, KeyId=key["KeyId"], PendingWindowInDays=days)
    assert (code, "pendingWindowInDays" in message) == ("ValidationException", True)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("name", ["alias/aws/mine", "alias/aws/lambda"])
def test_awss_own_aliases_are_nobody_elses(kms, key, name):
    assert refusal(kms.create_alias, AliasName=name, TargetKeyId=key["KeyId"])[0] == "NotAuthorizedException"
    assert refusal(kms.update_alias, AliasName=name, TargetKeyId=key["KeyId"])[0] == "NotAuthorizedException"
    assert refusal(kms.delete_alias, AliasName=name)[0] == "NotAuthorizedException"


def test_a_key_is_used_for_what_it_was_made_for_alone(kms, key):
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    for call, arguments in uses(kms, signing["KeyId"]):
        code, message = refusal(call, **arguments)
        assert code == "InvalidKeyUsageException"
        assert f"{signing['Arn']} key usage is SIGN_VERIFY which is not valid for" in message
    signed = {"KeyId": key["KeyId"], "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert refusal(kms.sign, **signed)[0] == "InvalidKeyUsageException"
    assert kms.sign(**signed | {"KeyId": signing["KeyId"]})["Signature"]
    assert refusal(kms.enable_key_rotation, KeyId=signing["KeyId"])[0] == "UnsupportedOperationException"


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"KeyUsage": "SIGN_VERIFY"}, "ValidationException", "must specify a KeySpec"),
        ({"KeySpec": "HMAC_256"}, "ValidationException", "GENERATE_VERIFY_MAC"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException", "SIGN_VERIFY"),
        ({"Policy": "x"}, "MalformedPolicyDocumentException", "JSON"),
    ],
)
def test_a_key_that_there_can_not_be_is_not_made(kms, asked, code, said):
    refused, message = refusal(kms.create_key, **asked)
    assert (refused, said in message) == (code, True)
    assert kms.list_keys()["Keys"] == []
