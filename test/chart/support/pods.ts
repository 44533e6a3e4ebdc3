import { z } from 'zod';
import type { Manifest } from './chart.js';

const probe = z.object({
  httpGet: z.object({ path: z.string(), port: z.string() }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number(),
  failureThreshold: z.number(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).optional(),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.object({
    requests: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.string()),
  }),
});
export type Container = z.infer<typeof container>;

const projectedSecret = z.object({
  secret: z.object({ name: z.string(), items: z.array(z.object({ key: z.string(), path: z.string() })) }),
});

const podSpec = z.looseObject({
  serviceAccountName: z.string(),
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  securityContext: z.looseObject({ runAsUser: z.number(), runAsGroup: z.number(), fsGroup: z.number() }),
  terminationGracePeriodSeconds: z.number().optional(),
  topologySpreadConstraints: z.array(z.looseObject({ matchLabelKeys: z.array(z.string()) })).optional(),
  volumes: z
    .array(
      z.looseObject({
        name: z.string(),
        projected: z.object({ defaultMode: z.number(), sources: z.array(projectedSecret) }).optional(),
      }),
    )
    .optional(),
  initContainers: z.array(container).optional(),
  containers: z.array(container),
});

const template = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
  }),
  spec: podSpec,
});
export type PodTemplate = z.infer<typeof template>;

/** What a Deployment or Job makes pods of. */
export const podTemplate = (owner: Manifest): PodTemplate =>
  z.looseObject({ spec: z.looseObject({ template }) }).parse(owner).spec.template;

/** The pods of a release: of Deployments, of the migration Job and of the test. */
export const podTemplates = (objects: readonly Manifest[]): PodTemplate[] =>
  objects.flatMap((object) => {
    if (['Deployment', 'Job'].includes(object.kind)) return [podTemplate(object)];
    return object.kind === 'Pod' ? [template.parse(object)] : [];
  });

/** The variables of a container that have a value. */
export const environmentOf = ({ env }: Container): Record<string, string> =>
  Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));

/** What stands in the projected volume: the file's name, and the Secret and key that it comes from. */
export const secretFiles = ({ spec }: PodTemplate): Map<string, { secret: string; key: string }> =>
  new Map(
    (spec.volumes ?? [])
      .flatMap(({ projected }) => projected?.sources ?? [])
      .flatMap(({ secret }) =>
        secret.items.map(({ key, path }) => [path, { secret: secret.name, key }] as const),
      ),
  );
