import { type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

type Dto = new () => object;

/** A header that is read as an input: one that is sent and not valid is a fault of the request. */
export interface HeaderInput {
  readonly name: string;
  readonly isValid: (value: string) => boolean;
  readonly rule: string;
}

/** What an operation takes, and as what it is read. */
export interface Inputs {
  readonly query: Dto;
  readonly body?: Dto | undefined;
  readonly maxBodyBytes: number;
  readonly headers: readonly HeaderInput[];
}

const INPUTS = 'http:inputs';

/** Method decorator: what the InputGuard reads before the handler runs. */
export const Takes = (inputs: Inputs) => SetMetadata(INPUTS, inputs);

/** What the operation of a request takes; undefined where the handler is none. */
export const inputsOf = (reflector: Reflector, context: ExecutionContext): Inputs | undefined =>
  reflector.get<Inputs | undefined>(INPUTS, context.getHandler());
