// A receiver written from docs/webhooks.md alone: keeps the status of each conversation in a file, and answers when it is there.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? '');
const file = process.env.STATUS_FILE ?? '';

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    const { type, data } = webhook.verify(body, request.headers);
    const status = type === 'conversation.deleted' ? null : data.data.status;
    if (status !== undefined)
      appendFileSync(file, `${JSON.stringify([data.conversation_id, data.version, status])}\n`);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
}).listen(Number(process.env.PORT), '127.0.0.1');
