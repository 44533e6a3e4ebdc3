import { createSecretKey } from 'node:crypto';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { jwtVerify } from 'jose';

export interface Claims {
  sub: string;
  name: string;
  role: string;
  tenant_id: string;
}

interface AuthenticatedRequest {
  headers: { authorization?: string };
  user: Claims;
}

const key = createSecretKey(process.env.AUTH_JWT_SECRET ?? '', 'utf8');

@Injectable()
export class AuthGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    try {
      const { payload } = await jwtVerify<Claims>(token, key, {
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
      });
      request.user = payload;
      return true;
    } catch {
      throw new UnauthorizedException();
    }
  }
}

export const User = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
