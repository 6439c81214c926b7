import * as z from 'zod/mini';

export const Me = z.object({
  user: z.object({ id: z.string(), email: z.nullish(z.string()) }),
  organizations: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      role: z.string(),
      plan: z.pipe(
        z.nullish(z.string()),
        z.transform((plan) => plan ?? 'developer'),
      ),
    }),
  ),
});
export type Me = z.output<typeof Me>;
