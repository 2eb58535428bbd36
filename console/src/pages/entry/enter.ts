import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { rememberCsrf, type Schemas } from "@/api/client";
import { me } from "@/api/queries";

/** What follows when the server has signed somebody in. */
export function useEnter(): (found: Schemas["Me"], to?: string) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (found, to) => {
    client.clear();
    rememberCsrf(found.csrf);
    client.setQueryData(me.queryKey, found);
    await navigate({ to: to ?? "/", replace: true });
  };
}
