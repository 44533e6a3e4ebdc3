import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/decorators.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { page } from '../http/page.js';
import { VERSION } from './version.js';

/** Who is there, for people who open the address in a browser and for programs that ask for the version. */
@ApiExcludeController()
@Public()
@Controller()
export class AboutController {
  constructor(@Inject(APP_CONFIG) private readonly config: AppConfig) {}

  @Get('version')
  version() {
    return VERSION;
  }

  /** The way to the documentation is relative, so that it is found behind any prefix. */
  @Get()
  root(@Res() reply: FastifyReply): void {
    const { swagger, publicUrl } = this.config.http;
    if (swagger) void reply.redirect(publicUrl === '' ? './docs' : `${publicUrl}/docs`, 302);
    else void reply.type('text/html; charset=utf-8').send(WELCOME);
  }
}

const WELCOME = page(
  'Welcome',
  `<h1>Colloquy</h1>
<p>This is a store for conversations between users and AI agents, version ${VERSION.version}. It is up; what it is asked for comes through its API, with a credential.</p>
<p><a href="problems">What its problems mean</a></p>`,
);
