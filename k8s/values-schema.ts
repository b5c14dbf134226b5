import { z } from 'zod';
import type { SchemaNode } from '../pipeline/runtime/config/schema-node.ts';
import { hoisted, strictSchema } from './config-schema.ts';

/** A part of a pod that Kubernetes itself checks. */
const kubernetes = z.record(z.string(), z.unknown());
const list = z.array(kubernetes);
const labels = z.record(z.string(), z.string());
/** A DNS subdomain: the name of a Secret, a ServiceAccount and the like. */
const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
const nameOrNone = z.string().regex(/^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$/);
const duration = z.string().regex(/^(\d+(ms|s|m|h))*$/);
const count = z.int().min(1);

const resources = z.strictObject({
  requests: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  limits: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  claims: z.array(kubernetes).optional(),
});

/** What every pod of the chart can be told. */
const pod = {
  resources,
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean(),
    maxUnavailable: z.union([z.int().min(0), z.string().regex(/^\d{1,3}%$/)]),
  }),
  // More than the 25 s in which the program stops by itself.
  terminationGracePeriodSeconds: z.int().min(30),
  priorityClassName: nameOrNone,
  env: list,
  envFrom: list,
  volumes: list,
  volumeMounts: list,
  initContainers: list,
  sidecars: list,
  podAnnotations: labels,
  podLabels: labels,
  nodeSelector: labels,
  tolerations: list,
  affinity: kubernetes,
  topologySpreadConstraints: list,
};

const probe = z.strictObject({
  initialDelaySeconds: z.int().min(0).optional(),
  periodSeconds: count.optional(),
  timeoutSeconds: count.optional(),
  failureThreshold: count.optional(),
  successThreshold: count.optional(),
});

const collector = z.strictObject({
  replicas: z.int().min(0).max(1000),
  staticMembership: z.boolean(),
  strategy: z.looseObject({ type: z.enum(['RollingUpdate', 'Recreate']) }),
  minReadySeconds: z.int().min(0),
  spool: z.strictObject({
    enabled: z.boolean(),
    volume: z.enum(['emptyDir', 'claim']),
    size: z.string().regex(/^[1-9][0-9]{0,8}[MGT]i$/),
    storageClassName: nameOrNone,
  }),
  ...pod,
});

const pipeline = z.strictObject({
  replicas: z.int().min(0),
  staticMembership: z.boolean(),
  minReadySeconds: z.int().min(0),
  volumeClaimTemplates: list,
  autoscaling: z.strictObject({
    enabled: z.boolean(),
    minReplicas: count,
    maxReplicas: count,
    targetCPUUtilizationPercentage: z.int().min(1).max(1000),
    behavior: kubernetes,
  }),
  keda: z.strictObject({
    enabled: z.boolean(),
    minReplicas: z.int().min(0),
    maxReplicas: count,
    lagThreshold: count,
    activationLagThreshold: z.int().min(0),
    pollingInterval: count,
    cooldownPeriod: z.int().min(0),
    prometheus: z.string(),
    triggerMetadata: z.record(z.string(), z.string()),
    authenticationRef: kubernetes,
  }),
  ...pod,
});

const page = z.strictObject({
  enabled: z.boolean(),
  resources,
  priorityClassName: nameOrNone,
  podAnnotations: labels,
  podLabels: labels,
  nodeSelector: labels,
  tolerations: list,
  affinity: kubernetes,
});

const monitoring = z.strictObject({
  serviceMonitor: z.strictObject({
    enabled: z.boolean(),
    labels,
    interval: duration,
    scrapeTimeout: duration,
    relabelings: list,
    metricRelabelings: list,
  }),
  prometheusRule: z.strictObject({
    enabled: z.boolean(),
    labels,
    alertLabels: labels,
    runbook: z.string(),
    disabled: z.array(z.string()),
  }),
  dashboards: z.strictObject({ enabled: z.boolean(), labels, annotations: labels }),
});

/** The values of the chart beside `config`. All of them have a default in values.yaml, so none is required. */
const values = z.strictObject({
  profile: z.enum(['production', 'trial']),
  nameOverride: nameOrNone,
  fullnameOverride: nameOrNone,
  commonLabels: labels,
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string(),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(name),
  }),
  config: kubernetes,
  configCheck: z.enum(['words', 'schema']),
  secrets: z.array(
    z.strictObject({
      existingSecret: name,
      roles: z
        .array(z.enum(['collector', 'pipeline']))
        .min(1)
        .optional(),
      env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().min(1)).optional(),
    }),
  ),
  collector,
  pipeline,
  page,
  trial: z.strictObject({ redis: z.strictObject({ image: z.string(), resources }) }),
  probes: z.strictObject({ startup: probe, liveness: probe, readiness: probe }),
  podSecurityContext: kubernetes,
  securityContext: kubernetes,
  serviceAccount: z.strictObject({ create: z.boolean(), name: nameOrNone, annotations: labels }),
  networkPolicy: z.strictObject({ enabled: z.boolean(), ingressFrom: list, egress: list }),
  monitoring,
  extraManifests: z.array(z.union([kubernetes, z.string()])),
  // What helm itself hands to a chart that is part of another.
  global: kubernetes,
});

/**
 * values.schema.json, JSON Schema draft 7 (helm 3 knows no later one), from the schema of the configuration and the meaning
 * of each value by its path. `config` is held to it in editors, which see the user's file only. What helm sees has
 * `configCheck` from values.yaml: with `words` the templates refuse, just as strictly, in the application's words.
 */
export function valuesSchema(config: SchemaNode, meanings: ReadonlyMap<string, string>): object {
  const own = z.toJSONSchema(values, { io: 'input', target: 'draft-7' }) as Record<string, unknown>;
  described(own, '', meanings);
  const whole = {
    ...own,
    title: 'Values of the Hypermeter chart',
    definitions: { config: strictSchema(config) },
    if: { required: ['configCheck'], properties: { configCheck: { const: 'words' } } },
    else: { properties: { config: { $ref: '#/definitions/config' } } },
  };
  return hoisted(whole, 'definitions');
}

function described(node: Record<string, unknown>, path: string, meanings: ReadonlyMap<string, string>): void {
  // A value that is left out is the one of values.yaml.
  delete node.required;
  const properties = (node.properties ?? {}) as Record<string, Record<string, unknown>>;
  for (const [key, member] of Object.entries(properties)) {
    const inner = path === '' ? key : `${path}.${key}`;
    const meaning = meanings.get(inner);
    if (meaning !== undefined) member.description = meaning;
    described(member, inner, meanings);
  }
}
