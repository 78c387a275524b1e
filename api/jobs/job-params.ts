import { z } from 'zod';

/** `{id}` of a job in a path. */
export const jobParams = z.object({
  id: z
    .guid()
    .transform((id) => id.toLowerCase())
    .meta({ description: 'Id of a job' }),
});
