import { Badge } from "@mantine/core";
import type { Schemas } from "@/api/client";

type State = NonNullable<Schemas["Campaign"]["status"]>;

const COLORS: Record<State, string> = {
  draft: "gray",
  testing: "blue",
  running: "leaf",
  paused: "rust",
  archived: "gray",
};

/** A campaign's status, in colour and in words. */
export function Status({ status, size = "sm" }: { status: State; size?: "xs" | "sm" | "md" }) {
  return (
    <Badge
      color={COLORS[status]}
      variant={status === "archived" ? "outline" : "light"}
      size={size}
      tt="none"
      miw="max-content"
    >
      {status[0]!.toUpperCase() + status.slice(1)}
    </Badge>
  );
}
