#!/usr/bin/env node
// A small real model behind OpenAI's API: /v1/chat/completions, streaming and not, /v1/embeddings, and
// /v1/models.
// For the quickstart and for tests, not for production: one chat at a time, no authentication.
//
//   node server.js --model FILE.gguf [--name NAME] [--port 0] [--threads N]
//
// Prints one line `listening on http://127.0.0.1:PORT` once the model is loaded.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { Busy, Model, TooLong } from "./chat.js";
import { BadRequest, readChat, readEmbeddings } from "./request.js";

const { values: args } = parseArgs({
    options: {
        model: { type: "string" },
        name: { type: "string", default: "smollm2-135m-instruct" },
        port: { type: "string", default: "0" },
        threads: { type: "string" },
    },
});
if (!args.model) {
    console.error("model-server: --model FILE.gguf is missing");
    process.exit(2);
}

/** Largest request body. */
const BODY = 1 << 20;
const STARTED = Math.floor(Date.now() / 1000);
// One core is left to whoever asks.
const threads = Number(args.threads) || Math.max(1, availableParallelism() - 1);
const model = await Model.load(args.model, threads);

function sendJson(res, status, value, headers = {}) {
    const body = JSON.stringify(value);
    res.writeHead(status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        ...headers,
    });
    res.end(body);
}

/** Status, type and code of an error, in OpenAI's words. */
function describe(error) {
    if (error instanceof BadRequest) return [400, "invalid_request_error", null];
    if (error instanceof TooLong) return [400, "invalid_request_error", "context_length_exceeded"];
    if (error instanceof Busy) return [429, "rate_limit_error", "rate_limit_exceeded"];
    return [500, "server_error", null];
}

function sendError(res, error) {
    const [status, type, code] = describe(error);
    if (status === 500) console.error(`model-server: ${error.stack ?? error}`);
    const body = { error: { message: error.message, type, param: error.param ?? null, code } };
    if (!res.headersSent) return sendJson(res, status, body, status === 429 ? { "retry-after": "2" } : {});
    res.end(`data: ${JSON.stringify(body)}\n\n`);
}

async function readBody(req) {
    const chunks = [];
    let size = 0;
    for await (const chunk of req) {
        size += chunk.length;
        if (size > BODY) throw new BadRequest(`the body has more than ${BODY} bytes`);
        chunks.push(chunk);
    }
    try {
        return JSON.parse(Buffer.concat(chunks).toString("utf8"));
    } catch {
        throw new BadRequest("the body is not JSON");
    }
}

async function chat(req, res) {
    const { messages, options, stream, includeUsage } = readChat(await readBody(req));
    // Whoever leaves no longer needs the rest of the answer.
    const gone = new AbortController();
    res.on("close", () => gone.abort());

    const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: args.name };
    const usageOf = ({ promptTokens, completionTokens }) => ({
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
    });
    if (!stream) {
        const result = await model.chat(messages, options, gone.signal);
        if (!result || gone.signal.aborted) return;
        const message = { role: "assistant", content: result.text, refusal: null };
        const choices = [{ index: 0, message, logprobs: null, finish_reason: result.reason }];
        sendJson(res, 200, { ...head, object: "chat.completion", choices, usage: usageOf(result) });
        return;
    }

    const send = (choices, usage) => {
        const chunk = { ...head, object: "chat.completion.chunk", choices };
        if (includeUsage) chunk.usage = usage ?? null;
        res.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    const begin = () => {
        if (res.headersSent) return;
        res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
        send([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
    };
    const result = await model.chat(messages, options, gone.signal, (content) => {
        begin();
        send([{ index: 0, delta: { content }, finish_reason: null }]);
    });
    if (!result || gone.signal.aborted) return;
    begin();
    send([{ index: 0, delta: {}, finish_reason: result.reason }]);
    if (includeUsage) send([], usageOf(result));
    res.end("data: [DONE]\n\n");
}

async function embeddings(req, res) {
    const { input, base64 } = readEmbeddings(await readBody(req));
    const { vectors, tokens } = await model.embed(input);
    const data = vectors.map((vector, index) => {
        const bytes = () => Buffer.from(new Float32Array(vector).buffer).toString("base64");
        return { object: "embedding", index, embedding: base64 ? bytes() : vector };
    });
    const usage = { prompt_tokens: tokens, total_tokens: tokens };
    sendJson(res, 200, { object: "list", data, model: args.name, usage });
}

function models(res) {
    const data = [{ id: args.name, object: "model", created: STARTED, owned_by: "local" }];
    sendJson(res, 200, { object: "list", data });
}

const server = createServer((req, res) => {
    req.socket.setNoDelay(true);
    const path = new URL(req.url, "http://localhost").pathname;
    if (req.method === "POST" && path === "/v1/chat/completions") {
        chat(req, res).catch((error) => sendError(res, error));
    } else if (req.method === "POST" && path === "/v1/embeddings") {
        embeddings(req, res).catch((error) => sendError(res, error));
    } else if (req.method === "GET" && path === "/v1/models") {
        models(res);
    } else {
        const message = `there is no ${req.method} ${path} here`;
        sendJson(res, 404, { error: { message, type: "invalid_request_error", param: null, code: null } });
    }
});

for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => process.exit(0));
}
server.on("error", (error) => {
    console.error(`model-server: cannot listen on port ${args.port}: ${error.message}`);
    process.exit(1);
});
server.listen(Number(args.port), "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
