// A real small model behind one queue: each job is a chat, and a caller that leaves ends its job.

import { getLlama, LlamaChat, LlamaLogLevel, resolveChatWrapper } from "node-llama-cpp";

/** How many chats may wait for the one that runs. */
const WAITING = 16;
/** Tokens that prompt and answer share. */
const CONTEXT = 2048;

/** More chats are waiting than may. */
export class Busy extends Error {}
/** The prompt does not fit. */
export class TooLong extends Error {}

export class Model {
    #model;
    #sequence;
    #wrapper;
    #queue = Promise.resolve();
    #waiting = 0;
    #embeddings;

    /** Loads the GGUF file; `threads` compute. */
    static async load(path, threads) {
        // The binary comes with the package: nothing is built or fetched here.
        const llama = await getLlama({
            build: "never",
            gpu: false,
            maxThreads: threads,
            progressLogs: false,
            logLevel: LlamaLogLevel.error,
        });
        const self = new Model();
        self.#model = await llama.loadModel({ modelPath: path });
        const context = await self.#model.createContext({ contextSize: CONTEXT, threads, sequences: 1 });
        self.#sequence = context.getSequence();
        self.#wrapper = resolveChatWrapper(self.#model);
        return self;
    }

    /**
     * Answers `messages`. `onText` gets each piece as it is made. Ends early, without an error,
     * when `signal` aborts. Resolves to {text, reason, promptTokens, completionTokens}.
     */
    async chat(messages, options, signal, onText) {
        if (this.#waiting >= WAITING) throw new Busy(`${WAITING} chats are waiting already`);
        this.#waiting += 1;
        const turn = this.#queue.then(() => {
            this.#waiting -= 1;
            return signal.aborted ? undefined : this.#generate(messages, options, signal, onText);
        });
        this.#queue = turn.catch(() => {});
        return turn;
    }

    /** Vectors of texts, one after the other; {vectors, tokens}. */
    async embed(texts) {
        this.#embeddings ??= this.#model.createEmbeddingContext({ contextSize: CONTEXT });
        const context = await this.#embeddings;
        const vectors = [];
        let tokens = 0;
        for (const text of texts) {
            const length = this.#model.tokenize(text).length;
            if (length > CONTEXT - 8) throw new TooLong(`a text has ${length} tokens; the model takes ${CONTEXT}`);
            tokens += length;
            vectors.push([...(await context.getEmbeddingFor(text)).vector]);
        }
        return { vectors, tokens };
    }

    async #generate(messages, options, signal, onText) {
        const history = messages.map(({ role, text }) =>
            role === "assistant" ? { type: "model", response: [text] }
                : { type: role === "user" ? "user" : "system", text });
        history.push({ type: "model", response: [] });
        const prompt = this.#wrapper.generateContextState({ chatHistory: history }).contextText;
        const promptTokens = prompt.tokenize(this.#model.tokenizer).length;
        const room = CONTEXT - promptTokens - 8;
        if (room < 1) throw new TooLong(`the messages have ${promptTokens} tokens; the model takes ${CONTEXT}`);

        let completionTokens = 0;
        const chat = new LlamaChat({ contextSequence: this.#sequence, chatWrapper: this.#wrapper });
        try {
            const result = await chat.generateResponse(history, {
                ...options,
                maxTokens: Math.min(options.maxTokens ?? room, room),
                signal,
                stopOnAbortSignal: true,
                onResponseChunk: ({ text, tokens }) => {
                    completionTokens += tokens.length;
                    if (text) onText?.(text);
                },
            });
            const reason = result.metadata.stopReason === "maxTokens" ? "length" : "stop";
            return { text: result.response, reason, promptTokens, completionTokens };
        } finally {
            chat.dispose({ disposeSequence: false });
        }
    }
}
