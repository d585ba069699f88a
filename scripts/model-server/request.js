// Reads requests of OpenAI's API, as far as a small local model can serve them.

/** The request is wrong; `param` names the member. */
export class BadRequest extends Error {
    constructor(message, param = null) {
        super(message);
        this.param = param;
    }
}

const ROLES = new Set(["system", "developer", "user", "assistant"]);

/** Text of a message: a string, or text parts. */
function textOf(content, param) {
    if (typeof content === "string") return content;
    if (content === null || content === undefined) return "";
    if (!Array.isArray(content)) throw new BadRequest("content must be a string or an array of parts", param);
    return content.map((part) => {
        if (part?.type !== "text" || typeof part.text !== "string") {
            throw new BadRequest("this model takes text parts only", param);
        }
        return part.text;
    }).join("");
}

/** A member that is a number within a range, if it is there. */
function number(body, name, least, most, integer = false) {
    const value = body[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number" || value < least || value > most || (integer && !Number.isInteger(value))) {
        throw new BadRequest(`${name} must be ${integer ? "an integer" : "a number"} from ${least} to ${most}`, name);
    }
    return value;
}

/** {messages, options, stream, includeUsage} of a parsed body. */
export function readChat(body) {
    if (body === null || typeof body !== "object" || Array.isArray(body)) {
        throw new BadRequest("the body must be a JSON object");
    }
    if (!Array.isArray(body.messages) || body.messages.length === 0) {
        throw new BadRequest("messages must be a non-empty array", "messages");
    }
    if ((number(body, "n", 1, 128, true) ?? 1) !== 1) throw new BadRequest("this model answers with one choice", "n");
    const messages = body.messages.map((message, i) => {
        if (!ROLES.has(message?.role)) {
            throw new BadRequest(`messages[${i}].role must be one of ${[...ROLES].join(", ")}`, `messages[${i}].role`);
        }
        return { role: message.role, text: textOf(message.content, `messages[${i}].content`) };
    });
    const stop = [body.stop ?? []].flat();
    if (stop.length > 4 || stop.some((text) => typeof text !== "string" || text === "")) {
        throw new BadRequest("stop must be a string or up to four strings", "stop");
    }
    const tokens = number(body, "max_completion_tokens", 1, 1e6, true) ?? number(body, "max_tokens", 1, 1e6, true);
    const options = {
        maxTokens: tokens,
        temperature: number(body, "temperature", 0, 2) ?? 0.2,
        topP: number(body, "top_p", 0, 1) ?? 0.9,
        seed: number(body, "seed", -9e15, 9e15, true),
        customStopTriggers: stop,
        // A model this small repeats itself without it.
        repeatPenalty: { penalty: 1.1 },
    };
    const includeUsage = body.stream_options?.include_usage === true;
    return { messages, options, stream: body.stream === true, includeUsage };
}

/** {input, base64} of a parsed body. */
export function readEmbeddings(body) {
    if (body === null || typeof body !== "object" || Array.isArray(body)) {
        throw new BadRequest("the body must be a JSON object");
    }
    const input = [body.input ?? []].flat();
    if (input.length === 0 || input.length > 64 || input.some((text) => typeof text !== "string" || text === "")) {
        throw new BadRequest("input must be a string or up to 64 strings", "input");
    }
    return { input, base64: body.encoding_format === "base64" };
}
