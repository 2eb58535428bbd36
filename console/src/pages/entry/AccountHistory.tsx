import { Button, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Moment } from "@/parts/Moment";
import { Trouble } from "@/parts/Trouble";

type Entry = Schemas["AuditEntry"];

const DEEDS: Record<string, string> = {
  create: "made the account",
  rename: "changed the name",
  "make an owner": "made an owner",
  "take ownership away": "took ownership away",
  disable: "disabled, and signed out everywhere",
  "let in again": "let in again",
  delete: "deleted the account",
  "set password": "set a password, and signed out everywhere",
  "change password": "changed the password, and signed out everywhere else",
  "make link to a new password": "made a link to a new password",
  "choose password by a link": "chose a password by a link",
  "sign everybody out": "signed everybody out after a restore",
};

/** Who did what to whose account, the newest first. */
export function AccountHistory() {
  const found = useInfiniteQuery({
    queryKey: ["accounts", "history"],
    initialPageParam: 0,
    queryFn: ({ pageParam: before }) => data(api.GET("/v1/history", { params: { query: { limit: 20, before } } })),
    getNextPageParam: (last) => (last.next ? Number(last.next) : undefined),
  });
  const entries = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack component="section" aria-label="History of accounts" gap="sm">
      <Title order={2}>History of accounts</Title>
      <Text size="sm" c="dimmed">
        What was done to accounts, and by whom. Nothing is ever edited or removed here. Roles and invitations stand in
        the history of their project.
      </Text>
      {found.error && <Trouble error={found.error} retry={() => found.refetch()} />}
      {found.isPending && (
        <Stack gap="xs" role="status" aria-busy="true" aria-label="Loading">
          {[0, 1, 2].map((line) => (
            <Skeleton key={line} height={32} radius="sm" />
          ))}
        </Stack>
      )}
      {found.isSuccess && entries.length === 0 && (
        <Text size="sm">Nothing yet: when an account is made, changed or deleted, it is written down here.</Text>
      )}
      {entries.length > 0 && (
        <Paper withBorder component="ul" m={0} p={0} style={{ listStyle: "none" }}>
          {entries.map((entry) => (
            <Line key={entry.seq} entry={entry} />
          ))}
        </Paper>
      )}
      {found.hasNextPage && (
        <div>
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </Stack>
  );
}

function Line({ entry }: { entry: Entry }) {
  const about = details(entry);
  const deeds = entry.action.split(", ").map((deed) => DEEDS[deed] ?? deed);
  return (
    <li style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      <Group px="md" py="xs" gap="sm" wrap="nowrap" justify="space-between" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <b>{entry.author || "nobody in particular"}</b> · {deeds.join("; ")}
            {entry.key && ` · ${entry.key}`}
          </Text>
          {about.length > 0 && (
            <Text size="xs" c="dimmed">
              {about.map((one, index) => (
                <Fragment key={index.toString()}>
                  {index > 0 && " · "}
                  {one}
                </Fragment>
              ))}
            </Text>
          )}
        </div>
        <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          <Moment at={entry.at} />
        </Text>
      </Group>
    </li>
  );
}

/** What changed, where the deed alone does not say it. */
function details({ changes = [] }: Entry): ReactNode[] {
  return changes.flatMap(({ path, before, after }): ReactNode[] => {
    if (path === "name") {
      if (before === undefined) return [`as “${after}”`];
      return [after === undefined ? `was “${before}”` : `“${before}” → “${after}”`];
    }
    if (path === "owner" && (before === undefined || after === undefined)) return (after ?? before) ? ["an owner"] : [];
    if (path === "invited_by") return [`invited by ${after}`];
    if (path === "link_made_by") return [`link made by ${after}`];
    if (path === "expires_at")
      return [<Fragment key={path}>good until {<Moment at={after as number} exact />}</Fragment>];
    return [];
  });
}
