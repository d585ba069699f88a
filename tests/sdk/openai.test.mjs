// The official `openai` library for Node against a gateway: what an application sees of it.
//
// Run by the end-to-end test `sdk::the_openai_library_for_node`, which starts the gateway and an
// upstream that does what the model's name says.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(`${process.env.SANMON_SDK_NODE_MODULES}/here.js`);
const { OpenAI } = require("openai");

const options = {
  baseURL: process.env.SANMON_BASE_URL,
  apiKey: process.env.SANMON_API_KEY,
  maxRetries: 0,
};
const client = new OpenAI(options);
const messages = [{ role: "user", content: "hello there" }];
const unique = () => `${process.hrtime.bigint()}`;

test("chat", async () => {
  const answer = await client.chat.completions.create({ model: "echo", messages });
  assert.equal(answer.choices[0].message.content, "you said: hello there");
  assert.equal(answer.usage.total_tokens, 18);
  assert.ok(answer._request_id);
});

test("stream", async () => {
  const stream = await client.chat.completions.create({ model: "echo", messages, stream: true });
  const words = [];
  for await (const chunk of stream) words.push(chunk.choices[0].delta.content ?? "");
  assert.equal(words.join(""), "you said: hello there");
  assert.equal(words.filter(Boolean).length, 4);
});

test("stream helper with usage", async () => {
  const stream = client.chat.completions.stream({
    model: "echo",
    messages,
    stream_options: { include_usage: true },
  });
  assert.equal(await stream.finalContent(), "you said: hello there");
  assert.equal((await stream.totalUsage()).total_tokens, 18);
});

test("a stream that breaks off throws", async () => {
  const stream = await client.chat.completions.create({ model: "cut", messages, stream: true });
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const chunk of stream) seen.push(chunk);
    },
    (error) => error instanceof OpenAI.APIError && error.code === "upstream_stream_cut",
  );
  assert.ok(seen.length > 0);
});

test("a stream that the application leaves", async () => {
  const stream = await client.chat.completions.create({ model: "endless", messages, stream: true });
  for await (const _ of stream) break;
});

const tools = [
  {
    type: "function",
    function: {
      name: "weather",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

test("tools pass through", async () => {
  const answer = await client.chat.completions.create({
    model: "tools",
    messages,
    tools,
    tool_choice: "required",
    unknown_to_the_gateway: { kept: [1, null] },
  });
  assert.equal(answer.choices[0].message.tool_calls[0].function.arguments, '{"city":"Nantes"}');
  assert.deepEqual(answer.sent.tools, tools);
  assert.equal(answer.sent.tool_choice, "required");
  assert.deepEqual(answer.sent.unknown_to_the_gateway, { kept: [1, null] });
});

for (const model of ["floats-only", "base64"]) {
  test(`embeddings, ${model}`, async () => {
    // The library asks for base64 unless told otherwise, and decodes it.
    const answer = await client.embeddings.create({ model, input: ["a", "b"] });
    for (const { embedding } of answer.data) assert.deepEqual([...embedding], [0.5, -0.25, 1]);
    assert.equal(answer.data.length, 2);
  });
}

test("models", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  assert.deepEqual(models, ["test-model", "other-model"]);
});

const statuses = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  409: OpenAI.ConflictError,
  422: OpenAI.UnprocessableEntityError,
  429: OpenAI.RateLimitError,
  500: OpenAI.InternalServerError,
  503: OpenAI.InternalServerError,
};

for (const [status, expected] of Object.entries(statuses)) {
  for (const stream of [false, true]) {
    test(`error ${status} of the upstream, stream ${stream}`, async () => {
      await assert.rejects(
        client.chat.completions.create({ model: `fail-${status}`, messages, stream }),
        (error) =>
          error instanceof expected &&
          error.status === Number(status) &&
          error.code === "some_code" &&
          Boolean(error.requestID),
      );
    });
  }
}

test("errors of the gateway", async () => {
  const wrong = new OpenAI({ ...options, apiKey: "sk-wrong" });
  await assert.rejects(
    wrong.chat.completions.create({ model: "echo", messages }),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
  );
  await assert.rejects(
    client.chat.completions.create({ model: "forbidden-model", messages }),
    (error) => error instanceof OpenAI.PermissionDeniedError && error.code === "model_not_allowed",
  );
  await assert.rejects(client.post("/no/such/path", { body: {} }), OpenAI.NotFoundError);
});

test("retries", async () => {
  for (const status of [429, 503]) {
    const model = `flaky-${status}-${unique()}`;
    const answer = await client.chat.completions.create({ model, messages }, { maxRetries: 2 });
    assert.equal(answer.choices[0].message.content, "you said: hello there");
  }
});

test("retries wait as long as the upstream says", async () => {
  const start = performance.now();
  await client.chat.completions.create(
    { model: `after-1s-${unique()}`, messages },
    { maxRetries: 1 },
  );
  assert.ok(performance.now() - start >= 950);
});

test("time out", async () => {
  await assert.rejects(
    client.chat.completions.create({ model: "stall", messages }, { timeout: 300 }),
    OpenAI.APIConnectionTimeoutError,
  );
});
