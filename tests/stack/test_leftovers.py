"""What is taken for a stack's own: exactly the names that were noted, and only where the tags agree."""

from dataclasses import replace

import pytest
import standing

from async_lab.stack import leftovers

NEIGHBORS = ["async-lab-eu", "async-lab2", "my-async-lab", "my-async-lab-eu", "async"]
"""Names that begin with ours, end with it and contain it."""


def found(target, entry):
    return [(one.kind, one.name) for one in leftovers.find(target, entry)]


def test_where_nothing_stands_nothing_is_found(target):
    assert leftovers.find(target, standing.noted(target, "async-lab")) == []


def test_every_kind_of_resource_is_found_by_its_noted_name(target):
    standing.make(target, "async-lab")
    assert set(found(target, standing.noted(target, "async-lab"))) == set(standing.resources("async-lab"))


def test_what_is_found_can_be_deleted_in_this_order(target):
    standing.make(target, "async-lab")
    for leftover in leftovers.find(target, standing.noted(target, "async-lab")):
        leftovers.delete(target, leftover)
    assert leftovers.find(target, standing.noted(target, "async-lab")) == []


@pytest.mark.parametrize("neighbor", NEIGHBORS)
@pytest.mark.parametrize("is_old", [False, True])
def test_neighbors_whose_names_begin_end_or_contain_ours_are_left_alone(target, neighbor, is_old):
    standing.make(target, neighbor)
    ours = standing.noted(target, "async-lab")
    assert leftovers.find(target, replace(ours, resources=()) if is_old else ours) == []
    standing.make(target, "async-lab")
    for leftover in leftovers.find(target, ours):
        leftovers.delete(target, leftover)
    assert set(found(target, standing.noted(target, neighbor))) == set(standing.resources(neighbor))


@pytest.mark.parametrize(
    "tags",
    [{}, {"Project": "async-lab"}, {"Project": "async-lab", "Stack": "other"}, {"Project": "x", "Stack": "async-lab"}],
)
def test_what_has_our_name_and_not_our_tags_is_somebody_elses(target, tags):
    standing.make(target, "async-lab", tags)
    assert found(target, standing.noted(target, "async-lab")) == [("aws_cloudwatch_dashboard", "async-lab")]


def test_of_a_note_without_resources_only_the_stacks_own_name_and_project_count(target):
    old = standing.noted(target, "async-lab", resources=())
    standing.make(target, "async-lab", {"Project": "async-lab", "Scenario": "Baseline"})
    assert {kind for kind, _ in found(target, old)} == {
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_log_group",
        "aws_iam_role",
        "aws_lambda_function",
    }


def test_a_name_that_is_about_to_be_made_is_taken_by_whoever_has_it(target):
    ours = standing.noted(target, "async-lab")
    made = standing.resources("async-lab")
    assert leftovers.taken(target, replace(ours, resources=()), made) == []
    standing.make(target, "async-lab")
    assert {(one.kind, one.name) for one in leftovers.taken(target, replace(ours, resources=()), made)} == set(made)
    assert leftovers.taken(target, ours, made) == []  # an interrupted run of our own


def test_what_tests_made_is_known_by_its_own_tag(target):
    entry = standing.noted(target, "async-lab-test-1", tag="async-lab-test")
    standing.make(target, "async-lab-test-1", tags={"async-lab-test": "async-lab-test-1"})
    assert set(found(target, entry)) == set(standing.resources("async-lab-test-1"))

    others = standing.noted(target, "async-lab-test-2", tag="async-lab-test", resources=entry.resources)
    assert {kind for kind, _ in found(target, others)} == {"aws_cloudwatch_dashboard"}  # which has no tags


def test_only_the_stacks_own_buckets_are_emptied_with_all_versions(target):
    s3 = target.client("s3")
    for name in ("ours", "theirs"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2"):
            s3.put_object(Bucket=name, Key="a", Body=body)
        s3.delete_object(Bucket=name, Key="a")
    s3.put_bucket_tagging(Bucket="ours", Tagging={"TagSet": [{"Key": "async-lab-test", "Value": "async-lab-test-1"}]})
    buckets = (("aws_s3_bucket", "gone"), ("aws_s3_bucket", "ours"), ("aws_s3_bucket", "theirs"))
    entry = standing.noted(target, "async-lab-test-1", tag="async-lab-test", resources=buckets)

    leftovers.empty_buckets(target, entry)
    assert "Versions" not in s3.list_object_versions(Bucket="ours")
    assert len(s3.list_object_versions(Bucket="theirs")["Versions"]) == 2
    [ours] = leftovers.find(target, entry)
    s3.put_object(Bucket="ours", Key="late", Body=b"")
    leftovers.delete(target, ours)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["theirs"]


def test_layers_are_known_by_their_noted_name(target):
    layer = {"LayerName": "async-lab-test-1-app-0", "Content": {"ZipFile": standing.package()}}
    for _ in range(2):
        target.client("lambda").publish_layer_version(**layer)
    noted = (("aws_lambda_layer_version", "async-lab-test-1-app-0"),)
    [one] = leftovers.find(target, standing.noted(target, "async-lab-test-1", tag="async-lab-test", resources=noted))
    leftovers.delete(target, one)
    assert target.client("lambda").list_layers()["Layers"] == []
