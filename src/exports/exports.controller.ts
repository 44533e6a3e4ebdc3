import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../api/operation.js';
import type { JsonBody } from '../common/json/json-body.js';
import { BASE_PATH } from '../http/resource.js';
import { slicedBody } from '../http/sliced-body.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Tenant } from '../tenancy/request-scope.js';
import { ExportConversationsQuery } from './dto/export-conversations.query.js';
import { exportLines } from './export-lines.js';
import { ExportsService } from './exports.service.js';

const NDJSON = 'application/x-ndjson';

@ApiTags('Export')
@Controller(`${BASE_PATH}/export`)
export class ExportsController {
  constructor(private readonly exports: ExportsService) {}

  @Get('conversations')
  @Operation({
    id: 'exportConversations',
    summary: 'Export conversations with their messages',
    scope: 'conversations:read',
    description:
      'JSON lines, oldest conversation first. The first line is `{"format": "colloquy/1", "events_after": …}`. Each conversation is a line, with its `messages` by `sequence` while these are below 8 MiB; the rest follows in lines `{"conversation_id": …, "messages": […]}`. One that is deleted meanwhile ends with `{"conversation_id": …, "deleted": true}`. The last line is `{"conversations": n, "messages": n, "events_after": …}`; without it the export is not whole, and `after` goes on behind the last conversation that is.',
    query: ExportConversationsQuery,
    stream: { type: NDJSON },
  })
  async conversations(
    @Tenant() scope: TenantScope,
    @Query() query: ExportConversationsQuery,
  ): Promise<JsonBody | StreamableFile> {
    const request = { filter: query.toFilter(), after: query.after };
    const eventsAfter = await this.exports.latestEvent(scope);
    return slicedBody(exportLines(this.exports.conversationsOf(scope, request), eventsAfter), NDJSON);
  }
}
