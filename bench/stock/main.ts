// The stock solution: what a good team builds in a day with the tools as their guides show them. Express adapter,
// TypeORM repositories and entities as responses, ValidationPipe, ClassSerializerInterceptor; the service's tables.
import { ClassSerializerInterceptor, Module, ValidationPipe } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Conversation } from './conversation.entity.js';
import { ConversationsController, ConversationsService } from './conversations.js';
import { Message } from './message.entity.js';
import { MessagesController, MessagesService } from './messages.js';

const { DATABASE_URL = '', DATABASE_POOL_SIZE, PORT } = process.env;

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'mariadb',
      url: DATABASE_URL,
      charset: 'utf8mb4',
      timezone: 'Z',
      bigNumberStrings: false,
      poolSize: Number(DATABASE_POOL_SIZE),
      entities: [Conversation, Message],
    }),
    TypeOrmModule.forFeature([Conversation, Message]),
  ],
  controllers: [ConversationsController, MessagesController],
  providers: [ConversationsService, MessagesService],
})
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] });
app.useBodyParser('json', { limit: '8mb' });
app.setGlobalPrefix('admin/api/v2');
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector)));
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
