"""Dead-letter queues are redriven by SQS' own tasks, in virtual time."""

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def queues(async_lab, sqs):
    """The ARNs of a queue and of its dead-letter queue, to which messages go when they are received once."""
    dead = async_lab.queue("dead")
    orders = async_lab.queue("orders")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl="orders", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    return orders, dead


def dead_letters(sqs, *bodies):
    for body in bodies:
        attribute = {"DataType": "String", "StringValue": body}
        sqs.send_message(QueueUrl="orders", MessageBody=body, MessageAttributes={"kept": attribute})
    for _ in range(2):
        sqs.receive_message(QueueUrl="orders", MaxNumberOfMessages=10)


def received(sqs, queue, **more):
    asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0} | more
    return sqs.receive_message(**asked).get("Messages", [])


def bodies(sqs, queue):
    return [message["Body"] for message in received(sqs, queue)]


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response["Error"]
    return error["Code"].rpartition(".")[2], error["Message"]


def test_dead_letters_go_back_to_where_they_came_from(async_lab, sqs, queues):
    dead_letters(sqs, "a", "b")
    before = {message["MessageId"] for message in received(sqs, "dead")}
    handle = sqs.start_message_move_task(SourceArn=queues[1])["TaskHandle"]
    [task] = sqs.list_message_move_tasks(SourceArn=queues[1])["Results"]
    assert (task["Status"], task["TaskHandle"], task["ApproximateNumberOfMessagesToMove"]) == ("RUNNING", handle, 2)
    assert task["StartedTimestamp"] == async_lab.now * 1_000
    async_lab.run_until_idle()
    [task] = sqs.list_message_move_tasks(SourceArn=queues[1])["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], "TaskHandle" in task) == ("COMPLETED", 2, False)
    assert bodies(sqs, "dead") == []
    asked = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["ApproximateReceiveCount"]}
    back = received(sqs, "orders", **asked)
    assert [message["MessageAttributes"]["kept"]["StringValue"] for message in back] == ["a", "b"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in back] == ["1", "1"]
    assert not before & {message["MessageId"] for message in back}


def test_a_task_moves_so_many_in_a_second_and_is_canceled(async_lab, sqs, queues):
    dead_letters(sqs, *"abcde")
    elsewhere = async_lab.queue("elsewhere")
    asked = {"SourceArn": queues[1], "DestinationArn": elsewhere, "MaxNumberOfMessagesPerSecond": 2}
    handle = sqs.start_message_move_task(**asked)["TaskHandle"]
    assert refusal(sqs.start_message_move_task, **asked)[1].startswith("There is already a task running.")
    async_lab.advance(seconds=1.5)
    assert bodies(sqs, "elsewhere") == ["a", "b", "c", "d"]
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 4
    async_lab.advance(seconds=60)
    assert bodies(sqs, "dead") == ["e"]
    assert refusal(sqs.cancel_message_move_task, TaskHandle=handle)[0] == "InvalidParameterValue"
    sqs.start_message_move_task(**asked)
    async_lab.run_until_idle()
    told = sqs.list_message_move_tasks(SourceArn=queues[1], MaxResults=10)["Results"]
    assert [task["Status"] for task in told] == ["COMPLETED", "CANCELLED"]


def test_what_was_sent_to_the_dead_letter_queue_itself_has_no_way_back(async_lab, sqs, queues):
    sqs.send_message(QueueUrl="dead", MessageBody="x")
    sqs.start_message_move_task(SourceArn=queues[1])
    async_lab.run_until_idle()
    [task] = sqs.list_message_move_tasks(SourceArn=queues[1])["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert bodies(sqs, "dead") == ["x"]


def test_a_queue_that_is_gone_gets_nothing(async_lab, sqs, queues):
    dead_letters(sqs, "a")
    sqs.start_message_move_task(SourceArn=queues[1])
    sqs.delete_queue(QueueUrl="orders")
    async_lab.run_until_idle()
    [task] = sqs.list_message_move_tasks(SourceArn=queues[1])["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")


def test_what_is_moved_reaches_the_queues_function(async_lab, as_told, lambda_, sqs, queues):
    dead_letters(sqs, "a")
    sqs.set_queue_attributes(QueueUrl="orders", Attributes={"VisibilityTimeout": "600"})
    lambda_.create_event_source_mapping(FunctionName=as_told().name, EventSourceArn=queues[0])
    async_lab.run_until_idle()
    assert bodies(sqs, "dead") == ["a"]
    sqs.start_message_move_task(SourceArn=queues[1])
    async_lab.run_until_idle()
    assert (bodies(sqs, "dead"), bodies(sqs, "orders")) == ([], [])


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"SourceArn": "orders"}, "InvalidParameterValue", "must be configured as a Dead Letter Queue"),
        ({"SourceArn": "missing"}, "ResourceNotFoundException", "for the SourceArn parameter doesn't exist"),
        ({"DestinationArn": "missing"}, "ResourceNotFoundException", "for the DestinationArn parameter doesn't exist"),
        ({"DestinationArn": "other.fifo"}, "InvalidParameterValue", "must be of the same queue type"),
        ({"MaxNumberOfMessagesPerSecond": 501}, "InvalidParameterValue", "from 1 to 500"),
    ],
)
def test_a_move_that_there_can_not_be_is_refused(sqs, queues, asked, code, said):
    sqs.create_queue(QueueName="other.fifo", Attributes={"FifoQueue": "true"})
    named = {
        name: value if isinstance(value, int) else queues[0].replace("orders", value) for name, value in asked.items()
    }
    found, message = refusal(sqs.start_message_move_task, **{"SourceArn": queues[1]} | named)
    assert (found, said in message) == (code, True)
    assert refusal(sqs.cancel_message_move_task, TaskHandle="x") == (
        "ResourceNotFoundException",
        "Task does not exist.",
    )
