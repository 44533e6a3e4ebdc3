import { aiSdk } from './ai-sdk.js';
import { anthropic } from './anthropic.js';
import { batch } from './batch.js';
import { bedrock } from './bedrock.js';
import { chatgpt } from './chatgpt.js';
import { claudeCode } from './claude-code.js';
import { claude } from './claude.js';
import { colloquy, colloquyRows } from './colloquy.js';
import { dify } from './dify.js';
import type { Format } from './format.js';
import { gemini } from './gemini.js';
import { dpo, instruct } from './instruct.js';
import { langchain, langgraph } from './langchain.js';
import { letta } from './letta.js';
import { librechat, librechatRows } from './librechat.js';
import { messageRows } from './messages.js';
import { oasst, oasstRows } from './oasst.js';
import { openWebui } from './open-webui.js';
import { openai } from './openai.js';
import { responses } from './responses.js';
import { multiwoz, sgd } from './sgd.js';
import { sharegpt } from './sharegpt.js';
import { taskmaster } from './taskmaster.js';
import { lmsys, wildchat } from './wildchat.js';

/** All that an import knows. The first that knows an object reads it, so what is more particular stands before it. */
export const FORMATS: readonly Format[] = [
  colloquy,
  colloquyRows,
  chatgpt,
  claude,
  claudeCode,
  openWebui,
  librechat,
  librechatRows,
  batch,
  letta,
  langgraph,
  langchain,
  aiSdk,
  gemini,
  bedrock,
  dify,
  oasst,
  oasstRows,
  multiwoz,
  sgd,
  taskmaster,
  wildchat,
  lmsys,
  sharegpt,
  dpo,
  responses,
  anthropic,
  openai,
  instruct,
  messageRows,
];
