// The Vercel AI SDK with its providers for OpenAI (Chat Completions and Responses) and Anthropic, over
// upstreams of every dialect.

import assert from "node:assert/strict";
import {
  expected,
  forEachUpstream,
  key,
  library,
  root,
  runWeather,
  told,
  weather,
} from "./common.mjs";

const { generateText, jsonSchema, stepCountIs, streamText, tool } = await library("ai");
const { createOpenAI } = await library("@ai-sdk/openai");
const { createAnthropic } = await library("@ai-sdk/anthropic");

const openai = createOpenAI({ baseURL: `${root}/v1`, apiKey: key });
const anthropic = createAnthropic({ baseURL: `${root}/v1`, apiKey: key });
const protocols = {
  chat: (name) => openai.chat(name),
  responses: (name) => openai.responses(name),
  messages: (name) => anthropic(name),
};
const tools = { weather: tool({ inputSchema: jsonSchema(weather), execute: runWeather }) };

for (const [protocol, of] of Object.entries(protocols)) {
  const ask = (name) => ({
    model: of(name),
    prompt: "hello there",
    maxRetries: 0,
    maxOutputTokens: 64,
  });

  forEachUpstream(`${protocol}, text`, async (model) => {
    const { text, usage, finishReason } = await generateText(ask(model("text")));
    assert.equal(text, expected.text);
    assert.equal(finishReason, "stop");
    assert.equal(usage.inputTokens, expected.input);
    assert.equal(usage.outputTokens, expected.output);
  });

  forEachUpstream(`${protocol}, stream`, async (model) => {
    const { textStream, usage } = streamText(ask(model("text")));
    const words = [];
    for await (const word of textStream) words.push(word);
    assert.equal(words.join(""), expected.text);
    assert.equal(words.filter(Boolean).length, 5);
    assert.equal((await usage).outputTokens, expected.output);
  });

  for (const [script, text] of Object.entries(told)) {
    forEachUpstream(`${protocol}, ${script}`, async (model) => {
      // Otherwise it refers to single items that were answered, which only the vendor keeps.
      const providerOptions = { openai: { store: false } };
      const loop = { ...ask(model(script)), tools, providerOptions, stopWhen: stepCountIs(3) };
      assert.equal((await generateText(loop)).text, text);
      assert.equal(await streamText(loop).text, text);
    });
  }

  forEachUpstream(`${protocol}, errors`, async (model) => {
    for (const status of [400, 429, 500]) {
      const refused = generateText(ask(model(`fail-${status}`)));
      await assert.rejects(refused, ({ statusCode }) => statusCode === status);
    }
  });

  forEachUpstream(`${protocol}, a stream that breaks off`, async (model) => {
    for (const script of ["late", "cut"]) {
      const errors = [];
      const { fullStream } = streamText({ ...ask(model(script)), onError: () => {} });
      for await (const part of fullStream) if (part.type === "error") errors.push(part.error);
      assert.ok(errors.length > 0, script);
    }
  });
}
