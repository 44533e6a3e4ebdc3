import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { ReadAs } from './reading.js';

/** What a field's documentation says, and when it may be absent. A field is required unless said otherwise. */
export interface FieldOptions {
  description: string;
  example?: unknown;
  /** Of parameters only: where a body says it in its schema, generated clients ask for the property. */
  default?: unknown;
  /** Whether it may be absent (or null, which is the same), or when that depends on the rest. */
  optional?: boolean | ((dto: object) => boolean);
  /** What a fault says where it is absent and may not be, in place of the rule. */
  absent?: string;
  /** Null is a value of its own. */
  keepsNull?: boolean;
  /** Whether the documentation has null; by default where a property is optional. */
  nullable?: boolean;
}

/** What all query parameters have in common. */
export const PARAMETER = { optional: true, nullable: false } as const;

/** What is said of an enum itself, wherever it is used. */
export interface EnumDocs {
  description: string;
  default?: string;
}

/** The part of a JSON Schema that a field's rule tells. */
interface Schema {
  type?: 'string' | 'integer' | 'boolean' | 'array' | ObjectConstructor | [new () => object];
  format?: string;
  pattern?: string;
  enum?: string[];
  enumName?: string;
  enumSchema?: EnumDocs;
  isArray?: boolean;
  items?: object;
  additionalProperties?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

/** A property with its documentation and its rule; `hint` adds to the rule what a wrong value probably means. */
export function field(
  options: FieldOptions,
  schema: Schema,
  isValid: (value: unknown) => boolean,
  rule: string,
  hint: (value: unknown) => string | undefined = () => undefined,
): PropertyDecorator {
  const {
    description,
    example,
    optional = false,
    absent,
    keepsNull = false,
    nullable = optional !== false,
  } = options;
  const mayBeAbsent = (dto: object) => (typeof optional === 'function' ? optional(dto) : optional);
  return applyDecorators(
    ApiProperty({
      ...schema,
      description,
      required: optional === false,
      ...(nullable && { nullable }),
      ...(example !== undefined && { example }),
      ...(options.default !== undefined && { default: options.default }),
    }),
    ReadAs({ keepsNull, mayBeAbsent: optional === true }),
    ValidateIf((dto: object, value) => value !== null && !(value === undefined && mayBeAbsent(dto))),
    ValidateBy({
      name: rule,
      validator: {
        validate: isValid,
        defaultMessage: (failure) =>
          failure?.value === undefined && absent !== undefined
            ? absent
            : [rule, hint(failure?.value) ?? []].flat().join('; '),
      },
    }),
  );
}
