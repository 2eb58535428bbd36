import { Badge, Button, Checkbox, Group, Menu, Paper, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { Moment } from "@/parts/Moment";
import { isLive, type Key, keysOf } from "./keysOf";

function state(key: Key): { label: string; color: string } {
  if (key.revoked_at) return { label: "Revoked", color: "gray" };
  if (!isLive(key)) return { label: "Expired", color: "gray" };
  if (key.expires_at) return { label: "Ending", color: "rust" };
  return { label: "Live", color: "leaf" };
}

/** Who may call, with what, and when they did last. */
export function KeyTable({ keys, made }: { keys: Key[]; made: (key: Schemas["NewKey"]) => void }) {
  const [all, setAll] = useState(false);
  const live = keys.filter((key) => isLive(key));
  const shown = all ? keys : live;
  return (
    <Stack gap="xs">
      <Paper withBorder>
        <Table.ScrollContainer minWidth={680} tabIndex={0}>
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Client</Table.Th>
                <Table.Th>May</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Created</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th aria-label="Actions" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((key) => (
                <Row key={key.id} apiKey={key} made={made} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      {keys.length > live.length && (
        <Checkbox
          size="xs"
          label={`Show ${keys.length - live.length} that ended`}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      )}
    </Stack>
  );
}

function Row({ apiKey, made }: { apiKey: Key; made: (key: Schemas["NewKey"]) => void }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries(keysOf(project));
  const path = { path: { project, key_id: apiKey.id } };
  const rotate = useMutation({
    mutationFn: (overlap_seconds: number) =>
      data(api.POST("/v1/projects/{project}/keys/{key_id}/rotate", { params: path, body: { overlap_seconds } })),
    onSuccess(key) {
      made(key);
      void refresh();
    },
  });
  const revoke = useMutation({
    mutationFn: () => api.DELETE("/v1/projects/{project}/keys/{key_id}", { params: path }),
    onSuccess: refresh,
  });
  const atOnce = () =>
    confirm({
      title: `Replace the key of ${apiKey.client} without overlap?`,
      body: "Programs that use the old one are refused within two seconds, until they have the new one.",
      verb: "Replace",
      danger: true,
      act: () => rotate.mutate(0),
    });
  const now = state(apiKey);
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {apiKey.client}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {apiKey.id}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {apiKey.kind === "publishable" && (
            <Badge size="xs" color="rust" variant="light" tt="none">
              publishable
            </Badge>
          )}
          {apiKey.scopes.map((scope) => (
            <Badge key={scope} size="xs" variant="default" tt="none">
              {scope}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        <Badge size="sm" color={now.color} variant="light" tt="none">
          {now.label}
        </Badge>
        {apiKey.expires_at && isLive(apiKey) && (
          <Text size="xs" c="dimmed">
            <Moment at={apiKey.expires_at} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          <Moment at={apiKey.created_at} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {apiKey.last_used_at ? <Moment at={apiKey.last_used_at} /> : "never"}
        </Text>
      </Table.Td>
      <Table.Td className="num">
        {isLive(apiKey) && may("admin") && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="subtle" size="compact-xs">
                Replace or revoke
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>Replace: a new key, the old one goes on for</Menu.Label>
              {[
                ["a day", 86_400],
                ["an hour", 3_600],
                ["no time: it ends at once", 0],
              ].map(([label, seconds]) => (
                <Menu.Item key={label} onClick={() => (seconds ? rotate.mutate(Number(seconds)) : atOnce())}>
                  {label}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item
                color="red"
                onClick={() =>
                  confirm({
                    title: `Revoke the key of ${apiKey.client}?`,
                    body: "Programs that use it are refused within two seconds. This cannot be undone.",
                    verb: "Revoke",
                    danger: true,
                    act: () => revoke.mutate(),
                  })
                }
              >
                Revoke
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
