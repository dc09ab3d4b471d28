// Calls the endpoint with the JavaScript SDK v3: node calls.mjs URL PACKAGE.zip ROLE_ARN. Prints a line for each call.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { CloudWatchClient, GetMetricDataCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import {
  CreateFunctionCommand, GetFunctionCommand, InvokeCommand, LambdaClient, PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const [url, zip, role] = process.argv.slice(2);
const settings = {
  endpoint: url,
  region: "eu-west-1",
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  maxAttempts: 1,
};
const functions = new LambdaClient(settings);
const metrics = new CloudWatchClient(settings);
const queues = new SQSClient(settings);
const buckets = new S3Client({ ...settings, forcePathStyle: true });
const text = (bytes) => new TextDecoder().decode(bytes);

async function call(name, run) {
  await run();
  console.log(name);
}

await call("lambda CreateFunction", async () => {
  const made = await functions.send(new CreateFunctionCommand({
    FunctionName: "from-node", Runtime: "python3.13", Handler: "app.handler", Role: role,
    Code: { ZipFile: await readFile(zip) },
  }));
  assert.equal(made.State, "Pending");
});
await call("lambda PutFunctionEventInvokeConfig", () => functions.send(new PutFunctionEventInvokeConfigCommand({
  FunctionName: "from-node", MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60,
})));
await call("lambda Invoke, RequestResponse", async () => {
  const answer = await functions.send(new InvokeCommand({ FunctionName: "from-node", Payload: '{"order": 1}' }));
  assert.deepEqual(JSON.parse(text(answer.Payload)), { order: 1 });
});
await call("lambda Invoke, Event", async () => {
  const answer = await functions.send(new InvokeCommand({ FunctionName: "from-node", InvocationType: "Event" }));
  assert.equal(answer.StatusCode, 202);
});
await call("lambda GetFunction, of none", async () => {
  await assert.rejects(functions.send(new GetFunctionCommand({ FunctionName: "none" })), { name: "ResourceNotFoundException" });
});
const now = Number(JSON.parse(await (await fetch(`${url}/_async-lab/clock`)).text()).now);
await call("cloudwatch PutMetricData", () => metrics.send(new PutMetricDataCommand({
  Namespace: "Shop", MetricData: [{ MetricName: "Orders", Value: 3, Timestamp: new Date(now * 1000) }],
})));
await call("cloudwatch GetMetricData", async () => {
  const { MetricDataResults: [result] } = await metrics.send(new GetMetricDataCommand({
    StartTime: new Date((now - 300) * 1000), EndTime: new Date((now + 60) * 1000),
    MetricDataQueries: [{
      Id: "orders", MetricStat: { Metric: { Namespace: "Shop", MetricName: "Orders" }, Period: 60, Stat: "Sum" },
    }],
  }));
  assert.deepEqual(result.Values, [3]);
});
await call("sqs SendMessage, ReceiveMessage", async () => {
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: "from-node" }));
  await queues.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
  const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(Messages[0].Body, "hello");
});
await call("s3 PutObject, HeadObject, GetObject", async () => {
  await buckets.send(new CreateBucketCommand({ Bucket: "from-node" }));
  const at = { Bucket: "from-node", Key: "a b+c.txt" };
  await buckets.send(new PutObjectCommand({ ...at, Body: "hello", Metadata: { shop_id: "7" } }));
  assert.deepEqual((await buckets.send(new HeadObjectCommand(at))).Metadata, { shop_id: "7" });
  assert.equal(await (await buckets.send(new GetObjectCommand(at))).Body.transformToString(), "hello");
});
