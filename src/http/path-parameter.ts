import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';

/** A parameter decorator for an id in the path, which it documents at the operation. */
export const pathParameter =
  (name: string, description: string, pipe: PipeTransform<string, string>): ParameterDecorator =>
  (prototype, method, index) => {
    Param(name, pipe)(prototype, method, index);
    const descriptor = method === undefined ? undefined : Object.getOwnPropertyDescriptor(prototype, method);
    if (method === undefined || !descriptor) throw new TypeError('Only methods have parameters in the path.');
    ApiParam({ name, description, schema: { type: 'string', format: 'uuid' } })(
      prototype,
      method,
      descriptor,
    );
  };
