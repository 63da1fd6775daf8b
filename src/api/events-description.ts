import { z } from 'zod';
import type { LiveEvents } from './answers';
import { cloneSchema, vmSchema } from './schemas';

const nothing = z.strictObject({});

/** The data of each event of `GET /events`, by its name. */
export const liveEventsSchema: z.ZodType<Partial<LiveEvents>> = z
  .object({
    hello: nothing.meta({ description: 'The first event: its id says from where on everything is told' }),
    vm: z
      .object({
        row: vmSchema,
        moved: z
          .boolean()
          .meta({ description: 'Whether filters, counts or the order may show it elsewhere now' }),
      })
      .meta({ description: 'A VM is new or its row has changed' }),
    'vm-gone': z.object({ namespace: z.string(), name: z.string() }).meta({ description: 'A VM is gone' }),
    clone: cloneSchema.meta({ description: 'A clone has begun, got on, or ended: then it has an outcome' }),
    resync: nothing.meta({ description: 'What was missed can not be told any more: read everything anew' }),
  })
  .partial()
  .meta({
    id: 'LiveEvents',
    description: 'The data of each event, as one line of JSON, by the name of the event',
  });

/** Header of a listener that comes back. */
export const lastEventIdSchema = z
  .string()
  .optional()
  .meta({ description: 'The last id that came: what followed it is told first, or `resync`' });
