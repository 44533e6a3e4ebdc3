import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from './monitoring/version.js';
import { refine } from './openapi-refine.js';
import { webhooksOfDocument } from './openapi-webhooks.js';

const DESCRIPTION = `Keeps the conversations between users and AI agents, and their messages.

**Whose data.** A request acts for one tenant, which comes from its credential: a JWT or an API key (Authorize). \`tenant_id\` only says which one where the credential may act for several, \`tenant_unit_id\` narrows to a unit of it. What belongs to somebody else is answered as what does not exist.

**Order.** The messages of a conversation have a \`sequence\`: 1, 2, 3 … without a gap, in the order in which they were stored.

**Failures** are problem documents (RFC 9457) with a stable \`code\`. An unknown parameter or property is refused, never ignored.

In development (\`AUTH_MODE=none\`) no credential is needed: every example works as it is.`;

/** The OpenAPI 3.1 document of the service, made from its controllers and DTOs. Without a public URL its server is found
 * relative to where the document was fetched, behind any prefix. */
export function openApiDocument(app: INestApplication, publicUrl: string): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Colloquy')
    .setVersion(VERSION.version)
    .setDescription(DESCRIPTION)
    .addServer(publicUrl === '' ? '.' : publicUrl, 'The service that this document comes from')
    .addTag('Conversations', 'Create, find, change and delete conversations.')
    .addTag('Messages', 'Append messages to a conversation and read them in order.')
    .addTag('Events', 'Follow what happens to conversations and messages, in order and without a gap.')
    .addTag('Webhooks', 'Let events be sent to a URL, signed by Standard Webhooks.')
    .addTag('Export', 'Take conversations with all their messages out, as lines of JSON.')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A JWT, or an API key.' },
      'bearer',
    )
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' }, 'apiKey')
    .build();
  return { ...refine(SwaggerModule.createDocument(app, options)), webhooks: webhooksOfDocument() };
}
