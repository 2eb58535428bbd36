import { Alert, Badge, Button, Group, Menu, Paper, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { me } from "@/api/queries";
import { Snippet } from "@/parts/Copy";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { ago } from "@/parts/Moment";
import { AccountHistory } from "./AccountHistory";

const accounts = { queryKey: ["accounts"], queryFn: () => data(api.GET("/v1/accounts")) };

/** What owners do: projects, and everybody's accounts. */
export function Installation() {
  const found = useQuery(accounts);
  const [link, setLink] = useState<Schemas["NewLink"] | null>(null);
  return (
    <Stack>
      <NewProject />
      <Title order={2}>Accounts</Title>
      {link && (
        <Alert
          color="leaf"
          variant="light"
          title="Pass this link on"
          withCloseButton
          closeButtonLabel="Close"
          onClose={() => setLink(null)}
        >
          <Text size="sm" mb="xs">
            With it, and once, a new password is chosen. It is shown this once.
          </Text>
          <Snippet text={link.link} />
        </Alert>
      )}
      <Loaded query={found} lines={3}>
        {({ items }) => (
          <Paper withBorder>
            <Table.ScrollContainer minWidth={520} tabIndex={0}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Who</Table.Th>
                    <Table.Th>Since</Table.Th>
                    <Table.Th aria-label="Actions" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((one) => (
                    <Row key={one.id} account={one} told={setLink} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        )}
      </Loaded>
      <Text size="sm" c="dimmed">
        People get accounts by an invitation into a project: its settings, “Members”.
      </Text>
      <AccountHistory />
    </Stack>
  );
}

/** A name, and with it a project that one is led to. */
export function NewProject() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const create = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/projects", { body: { name } })),
    async onSuccess(made) {
      await client.invalidateQueries(me);
      await navigate({ to: `/p/${made.key}` });
    },
  });
  const problem = create.error ? asProblem(create.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Group align="flex-end">
        <TextInput
          label="New project"
          description="One shop or brand: its own campaigns, people, events and keys"
          placeholder="Our shop"
          w={320}
          maw="100%"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem && (problem.at("name") ?? problem.message)}
        />
        <Button type="submit" disabled={!name.trim()} loading={create.isPending}>
          Create project
        </Button>
      </Group>
    </form>
  );
}

function Row({ account, told }: { account: Schemas["AccountView"]; told: (link: Schemas["NewLink"]) => void }) {
  const client = useQueryClient();
  const path = { path: { account_id: account.id } };
  const refresh = () => client.invalidateQueries(accounts);
  const change = useMutation({
    mutationFn: (body: Schemas["AccountChange"]) =>
      data(api.PATCH("/v1/accounts/{account_id}", { params: path, body })),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/v1/accounts/{account_id}", { params: path }),
    onSuccess: refresh,
  });
  const link = useMutation({
    mutationFn: () => data(api.POST("/v1/accounts/{account_id}/password-link", { params: path })),
    onSuccess(made) {
      told(made);
      void refresh();
    },
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {account.name}
          </Text>
          {account.owner && (
            <Badge size="sm" variant="light" tt="none">
              owner
            </Badge>
          )}
          {account.disabled_at && (
            <Badge size="sm" color="gray" variant="light" tt="none">
              disabled
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {account.email}
        </Text>
      </Table.Td>
      <Table.Td>{ago(account.created_at)}</Table.Td>
      <Table.Td className="num">
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="subtle" size="compact-xs">
              Change
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => link.mutate()}>Link to a new password</Menu.Item>
            <Menu.Item onClick={() => change.mutate({ owner: !account.owner })}>
              {account.owner ? "Owner no more" : "Make an owner"}
            </Menu.Item>
            <Menu.Item onClick={() => change.mutate({ disabled: !account.disabled_at })}>
              {account.disabled_at ? "Let in again" : "Disable, and sign out everywhere"}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item
              color="red"
              onClick={() =>
                confirm({
                  title: `Delete the account of ${account.name}?`,
                  body: "With its sessions and memberships. What it wrote keeps its author.",
                  verb: "Delete",
                  danger: true,
                  act: () => remove.mutate(),
                })
              }
            >
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}
