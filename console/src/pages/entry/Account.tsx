import {
  Anchor,
  Badge,
  Button,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, data } from "@/api/client";
import { asProblem } from "@/api/problem";
import { me } from "@/api/queries";
import { Loaded } from "@/parts/Loaded";
import { ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { Installation } from "./Installation";

const sessions = { queryKey: ["sessions"], queryFn: () => data(api.GET("/v1/me/sessions")) };

/** One's own account, and for owners everybody's. */
export function Account() {
  const found = useQuery(me);
  return (
    <main style={{ padding: "1.5rem" }}>
      <Loaded query={found}>
        {({ account, projects }) => (
          <Page
            title={account.name}
            mark={
              account.owner && (
                <Badge variant="light" tt="none">
                  owner
                </Badge>
              )
            }
            about={account.email}
            above={
              projects[0] && (
                <Anchor component={Link} to={`/p/${projects[0].key}`} size="sm">
                  Back to {projects[0].name}
                </Anchor>
              )
            }
          >
            {projects.length === 0 && !account.owner && (
              <Text>You are in no project yet. Ask for an invitation to one.</Text>
            )}
            <Group align="stretch" grow preventGrowOverflow={false} wrap="wrap">
              <Name name={account.name} />
              <Password />
            </Group>
            <Sessions />
            {account.owner && <Installation />}
          </Page>
        )}
      </Loaded>
    </main>
  );
}

function Name({ name }: { name: string }) {
  const client = useQueryClient();
  const [told, setTold] = useState(name);
  const rename = useMutation({
    mutationFn: () => data(api.PATCH("/v1/me", { body: { name: told } })),
    onSuccess(found) {
      client.setQueryData(me.queryKey, found);
      void client.invalidateQueries({ queryKey: ["accounts"] });
      notifications.show({ message: "Your name is changed." });
    },
  });
  return (
    <Paper withBorder p="md" miw={280}>
      <Stack>
        <TextInput label="Name" value={told} onChange={(event) => setTold(event.currentTarget.value)} />
        <Button
          variant="default"
          disabled={!told.trim() || told === name}
          loading={rename.isPending}
          onClick={() => rename.mutate()}
          style={{ alignSelf: "flex-start" }}
        >
          Save name
        </Button>
      </Stack>
    </Paper>
  );
}

function Password() {
  const [told, setTold] = useState({ current_password: "", new_password: "" });
  const change = useMutation({
    meta: { quiet: true },
    mutationFn: () => api.PUT("/v1/me/password", { body: told }),
    onSuccess() {
      setTold({ current_password: "", new_password: "" });
      notifications.show({ message: "Your password is changed, and you are signed out everywhere else." });
    },
  });
  const problem = change.error ? asProblem(change.error) : undefined;
  return (
    <Paper withBorder p="md" miw={280}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Stack>
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            value={told.current_password}
            onChange={(event) => setTold({ ...told, current_password: event.currentTarget.value })}
            error={problem?.at("current_password")}
          />
          <PasswordInput
            label="New password"
            description="10 characters or more"
            autoComplete="new-password"
            required
            minLength={10}
            value={told.new_password}
            onChange={(event) => setTold({ ...told, new_password: event.currentTarget.value })}
            error={problem?.at("new_password")}
          />
          {problem && problem.fields.length === 0 && <Trouble error={problem} />}
          <Button type="submit" variant="default" loading={change.isPending} style={{ alignSelf: "flex-start" }}>
            Change password
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}

function Sessions() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const found = useQuery(sessions);
  const refresh = () => client.invalidateQueries(sessions);
  const end = useMutation({
    mutationFn: (session_id: string) =>
      api.DELETE("/v1/me/sessions/{session_id}", { params: { path: { session_id } } }),
    onSuccess: refresh,
  });
  const endAll = useMutation({
    mutationFn: () => api.DELETE("/v1/me/sessions"),
    onSuccess() {
      client.clear();
      void navigate({ to: "/sign-in" });
    },
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Signed in</Title>
        <Button variant="default" size="xs" onClick={() => endAll.mutate()} loading={endAll.isPending}>
          Sign out everywhere
        </Button>
      </Group>
      <Loaded query={found} lines={2}>
        {({ items }) => (
          <Paper withBorder>
            <Table.ScrollContainer minWidth={520} tabIndex={0}>
              <Table fz="sm" verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Browser</Table.Th>
                    <Table.Th>Since</Table.Th>
                    <Table.Th>Last seen</Table.Th>
                    <Table.Th aria-label="Actions" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((one) => (
                    <Table.Tr key={one.id}>
                      <Table.Td maw={360}>
                        <Text size="sm" truncate>
                          {one.agent || "unknown"}
                        </Text>
                      </Table.Td>
                      <Table.Td>{ago(one.created_at)}</Table.Td>
                      <Table.Td>{ago(one.seen_at)}</Table.Td>
                      <Table.Td className="num">
                        {one.current ? (
                          <Badge variant="light" tt="none">
                            this one
                          </Badge>
                        ) : (
                          <Button variant="subtle" size="compact-xs" onClick={() => end.mutate(one.id)}>
                            Sign out
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        )}
      </Loaded>
    </Stack>
  );
}
