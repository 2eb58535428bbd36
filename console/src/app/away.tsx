import { Alert } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

/** Says so while the server is away or its database is, and goes by itself when it is back. */
export function Away() {
  const { data, error } = useQuery({
    queryKey: ["ready"],
    refetchInterval: (query) => (query.state.error || query.state.data?.store === false ? 2_000 : 20_000),
    retry: false,
    queryFn: async () => (await fetch("/readyz")).json() as Promise<{ store: boolean }>,
  });
  if (!error && data?.store !== false) return null;
  return (
    <Alert color="rust" variant="light" mb="md" role="status" icon={<IconPlugConnectedX />} title="Not connected">
      {error
        ? "The server does not answer at the moment. What you typed stays here, and this goes away when it is back."
        : "The server's database is away. Visitors go on being served; changes can be saved when it is back."}
    </Alert>
  );
}
