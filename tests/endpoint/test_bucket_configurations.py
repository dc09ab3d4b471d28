"""Documents of buckets that S3 refuses are refused, and leave what was there; those that it takes are taken."""

import pytest
from botocore.exceptions import ClientError

BUCKET = "bbb"
OWNED = {"Owner": {"ID": "x"}}
GRANTEE = {"Type": "CanonicalUser", "ID": "x"}
RULE = {"ID": "i", "Status": "Enabled", "Filter": {"Prefix": "a/"}}
EXPIRES = {"Expiration": {"Days": 1}}
NO_XML = "did not validate against our published schema"


def lifecycle(*rules, **rule):
    return {"LifecycleConfiguration": {"Rules": list(rules) or [RULE | rule]}}


def moved(days, storage_class, **more):
    return lifecycle(Transitions=[{"Days": days, "StorageClass": storage_class}], **more)


def encryption(**default):
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def granted(grantee=GRANTEE, permission="READ", **more):
    return {"AccessControlPolicy": OWNED | {"Grants": [{"Grantee": grantee, "Permission": permission}]}} | more


LIFECYCLE = "put_bucket_lifecycle_configuration"
WRONG = [
    (LIFECYCLE, lifecycle(Status="On", **EXPIRES), "MalformedXML", NO_XML),
    (
        LIFECYCLE,
        lifecycle(Expiration={"Days": 0}),
        "InvalidArgument",
        "'Days' for Expiration action must be a positive",
    ),
    (LIFECYCLE, lifecycle(Expiration={"Days": 1, "Date": "2026-12-01T00:00:00Z"}), "MalformedXML", NO_XML),
    (LIFECYCLE, lifecycle(Expiration={"Date": "2026-12-01T05:00:00Z"}), "InvalidArgument", "midnight GMT"),
    (LIFECYCLE, lifecycle(), "InvalidRequest", "At least one action"),
    (LIFECYCLE, lifecycle(ID="x" * 256, **EXPIRES), "InvalidArgument", "limit of 255"),
    (LIFECYCLE, lifecycle(RULE | EXPIRES, RULE | EXPIRES), "InvalidArgument", "Rule ID must be unique"),
    (LIFECYCLE, {"LifecycleConfiguration": {"Rules": []}}, "MalformedXML", NO_XML),
    (LIFECYCLE, moved(30, "COLD"), "MalformedXML", NO_XML),
    (LIFECYCLE, moved(-1, "GLACIER"), "InvalidArgument", "nonnegative"),
    (
        LIFECYCLE,
        moved(29, "STANDARD_IA"),
        "InvalidArgument",
        "greater than or equal to 30 for storageClass 'STANDARD_IA'",
    ),
    (
        LIFECYCLE,
        moved(30, "GLACIER", Expiration={"Days": 30}),
        "InvalidArgument",
        "filter '(prefix=a/)' must be greater",
    ),
    (LIFECYCLE, lifecycle(NoncurrentVersionExpiration={"NoncurrentDays": 0}), "InvalidArgument", "'NoncurrentDays'"),
    (
        LIFECYCLE,
        lifecycle(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0}),
        "InvalidArgument",
        "'DaysAfterInitiation'",
    ),
    ("put_bucket_encryption", encryption(SSEAlgorithm="AES128"), "MalformedXML", NO_XML),
    (
        "put_bucket_encryption",
        encryption(SSEAlgorithm="AES256", KMSMasterKeyID="k"),
        "InvalidArgument",
        "KMSMasterKeyID",
    ),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "On"}}, "MalformedXML", NO_XML),
    ("put_bucket_acl", granted(permission="ALL"), "MalformedACLError", NO_XML),
    ("put_bucket_acl", granted(ACL="private"), "UnexpectedContent", "does not support content"),
    ("put_object_acl", granted(permission="ALL", Key="k"), "MalformedACLError", NO_XML),
    ("put_object_acl", granted({"Type": "User", "ID": "x"}, Key="k"), "MalformedACLError", NO_XML),
    (
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "Me"}]}},
        "MalformedXML",
        NO_XML,
    ),
    ("put_bucket_accelerate_configuration", {"AccelerateConfiguration": {"Status": "On"}}, "MalformedXML", NO_XML),
    (
        "put_bucket_website",
        {"WebsiteConfiguration": {"RedirectAllRequestsTo": {"HostName": "a", "Protocol": "ftp"}}},
        "MalformedXML",
        NO_XML,
    ),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "k"}] * 1001}}, "MalformedXML", NO_XML),
    ("put_object", {"Key": "k", "Metadata": {"a": "x" * 2048}}, "MetadataTooLarge", "maximum allowed metadata size"),
    ("put_object", {"Key": "k", "Tagging": "a=b&a=c"}, "InvalidArgument", "without tag name duplicates"),
    ("put_object", {"Key": "k", "SSEKMSKeyId": "k"}, "InvalidArgument", "x-amz-server-side-encryption : aws:kms"),
    ("copy_object", {"Key": "k2", "CopySource": BUCKET}, "InvalidArgument", "copy source object key"),
    ("upload_part", {"Key": "k", "UploadId": "u", "PartNumber": 0}, "InvalidArgument", "between 1 and 10000"),
    ("upload_part", {"Key": "k", "UploadId": "u", "PartNumber": 10_001}, "InvalidArgument", "between 1 and 10000"),
    (
        "complete_multipart_upload",
        {"Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": [{"ETag": "e", "PartNumber": n} for n in (2, 1)]}},
        "InvalidPartOrder",
        "ascending order",
    ),
    ("list_objects_v2", {"EncodingType": "xml"}, "InvalidArgument", "Invalid Encoding Method"),
]


@pytest.fixture(scope="module")
def s3(_open_lab):
    """A client of a lab with a bucket and an object."""
    lab = _open_lab
    lab.reset()
    client = lab.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": lab.region})
    client.put_object(Bucket=BUCKET, Key="k", Body=b"")
    return client


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(Bucket=BUCKET, **arguments)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize(("operation", "arguments", "code", "said"), WRONG)
def test_a_document_that_s3_does_not_take_is_refused(s3, operation, arguments, code, said):
    status, refused, message = refusal(getattr(s3, operation), **arguments)
    assert (status, refused) == (400, code)
    assert said in message


def test_a_lifecycle_that_is_refused_leaves_the_one_before(s3):
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, **lifecycle(**EXPIRES))
    refusal(s3.put_bucket_lifecycle_configuration, **lifecycle(Status="On", Expiration={"Days": 7}))
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"][0]["Expiration"] == {"Days": 1}


@pytest.mark.parametrize(
    "rule",
    [
        moved(0, "GLACIER"),
        moved(30, "ONEZONE_IA", Expiration={"Days": 31}),
        lifecycle(Expiration={"Date": "2027-01-01T00:00:00Z"}),
        lifecycle(Expiration={"ExpiredObjectDeleteMarker": True}),
        lifecycle(RULE | EXPIRES, RULE | EXPIRES | {"ID": "j", "Status": "Disabled"}),
        lifecycle(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}),
    ],
)
def test_a_lifecycle_that_s3_takes_is_taken(s3, rule):
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, **rule)


def test_other_documents_that_s3_takes_are_taken(s3):
    owner = s3.get_bucket_acl(Bucket=BUCKET)["Owner"]
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "FULL_CONTROL"}]
    s3.put_bucket_acl(Bucket=BUCKET, AccessControlPolicy={"Owner": owner, "Grants": grants})
    s3.put_object_acl(Bucket=BUCKET, Key="k", AccessControlPolicy={"Owner": owner, "Grants": grants})
    s3.put_bucket_encryption(Bucket=BUCKET, **encryption(SSEAlgorithm="aws:kms", KMSMasterKeyID="k"))
    s3.delete_bucket_encryption(Bucket=BUCKET)
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"", Metadata={"a": "x" * 2047}, Tagging="a=b&b=b&c=")
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}]
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["MaxAgeSeconds"] == 5


@pytest.mark.parametrize(
    ("operation", "arguments", "name"),
    [
        (
            "put_bucket_replication",
            {
                "ReplicationConfiguration": {
                    "Role": "arn:aws:iam::123456789012:role/r",
                    "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::ccc"}}],
                }
            },
            "PutBucketReplication",
        ),
        (
            "put_bucket_inventory_configuration",
            {
                "Id": "i",
                "InventoryConfiguration": {
                    "Id": "i",
                    "IsEnabled": True,
                    "IncludedObjectVersions": "All",
                    "Schedule": {"Frequency": "Daily"},
                    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::bbb", "Format": "CSV"}},
                },
            },
            "PutBucketInventoryConfiguration",
        ),
    ],
)
def test_what_nobody_would_do_for_a_bucket_is_refused_by_name(s3, operation, arguments, name):
    status, code, message = refusal(getattr(s3, operation), **arguments)
    assert (status, code, name in message) == (501, "NotImplemented", True)
