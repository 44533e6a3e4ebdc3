import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { Conversation } from './conversation.entity.js';
import type { Message } from './message.entity.js';

const STATUSES = [
  ...['queued', 'running', 'input_required', 'paused'],
  ...['completed', 'failed', 'cancelled', 'expired'],
];

export class ListConversationsDto {
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) page_num: number = 1;
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) page_size: number = 20;
  @IsOptional() @IsIn(STATUSES) status?: string;
  @IsOptional() @IsString() agent_id?: string;
}

export class ListMessagesDto {
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) page: number = 1;
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) page_size: number = 20;
}

export class CreateConversationDto {
  @IsOptional() @IsString() @Length(1, 255) topic: string = 'New Conversation';
  @IsOptional() @IsIn(STATUSES) status: string = 'running';
  @IsOptional() @IsUUID() agent_id?: string;
  @IsOptional() @IsString() @MaxLength(64) assignment_id?: string;
  @IsOptional() @IsString() @MaxLength(64) user_id?: string;
  @IsOptional() @IsObject() inputs: object = {};
  @IsOptional() @IsObject() extend_properties: object = {};
}

export class UpdateStatusDto {
  @IsIn(STATUSES) status: string;
}

export class CreateMessageDto {
  @IsIn(['user', 'agent', 'system', 'tool']) message_from: string;
  @IsString() @MaxLength(1_048_576) content: string;
  @IsOptional() @IsString() @MaxLength(64) run_id?: string;
  @IsOptional() @IsInt() @Min(0) input_tokens: number = 0;
  @IsOptional() @IsInt() @Min(0) answer_tokens: number = 0;
  @IsOptional() @IsObject() metadata: object = {};
}

export class CreateMessagesDto {
  @ValidateNested({ each: true })
  @Type(() => CreateMessageDto)
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  messages: CreateMessageDto[];
}

class PageDto<T> {
  page_num: number;
  page_size: number;
  total_count: number;
  total_pages: number;
  has_next_page: boolean;
  data: T[];

  constructor(pageNumber: number, pageSize: number, [data, total]: [T[], number]) {
    this.page_num = pageNumber;
    this.page_size = pageSize;
    this.total_count = total;
    this.total_pages = Math.ceil(total / pageSize);
    this.has_next_page = pageNumber < this.total_pages;
    this.data = data;
  }
}

export class ConversationPageDto extends PageDto<Conversation> {}
export class MessagePageDto extends PageDto<Message> {}
