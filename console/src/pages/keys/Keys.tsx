import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Group,
  Menu,
  Modal,
  NumberInput,
  Paper,
  Radio,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject, useRole } from "@/app/project";
import { Snippet } from "@/parts/Copy";
import { confirm } from "@/parts/confirm";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { Doors } from "./Doors";

type Key = Schemas["KeyView"];
type Scope = Key["scopes"][number];

const SCOPES: { value: Scope; label: string; about: string }[] = [
  { value: "decide", label: "Decide", about: "ask what a visitor sees" },
  { value: "record", label: "Record", about: "report events and attributes" },
  { value: "read", label: "Read", about: "definitions, people and results" },
  { value: "manage", label: "Manage", about: "change definitions, people and keys" },
];

const keysOf = (project: string) => ({
  queryKey: ["project", project, "keys"],
  queryFn: () => data(api.GET("/v1/projects/{project}/keys", { params: { path: { project } } })),
});

/** API keys and the protocols that they open. */
export function Keys() {
  const project = useProject();
  const may = useRole();
  const found = useQuery(keysOf(project));
  const [making, { open, close }] = useDisclosure();
  const [made, setMade] = useState<Schemas["NewKey"] | null>(null);
  return (
    <Page
      title="Keys and doors"
      about="A backend calls with a key. Each client may hold two at a time, so that one can be replaced without a pause."
      actions={
        may("admin") && (
          <Button leftSection={<IconPlus size={16} />} onClick={open}>
            New key
          </Button>
        )
      }
    >
      {made && <Secret made={made} done={() => setMade(null)} />}
      <Loaded query={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty
              icon={<IconKey size={26} />}
              title="No key yet"
              action={may("admin") && <Button onClick={open}>Create the first key</Button>}
            >
              Give each program its own key with the least that it needs: a backend decides and records, a dashboard
              reads.
            </Empty>
          ) : (
            <KeyTable keys={items} made={setMade} />
          )
        }
      </Loaded>
      <Doors />
      <Modal opened={making} onClose={close} title="New key" size="md">
        <NewKey
          done={(key) => {
            close();
            setMade(key);
          }}
        />
      </Modal>
    </Page>
  );
}

function Secret({ made, done }: { made: Schemas["NewKey"]; done: () => void }) {
  return (
    <Alert color="leaf" variant="light" title={`The secret of ${made.client}`} withCloseButton onClose={done}>
      <Text size="sm" mb="xs">
        It is shown this once and kept nowhere in readable form. Put it where your program finds it.
      </Text>
      <Snippet text={made.secret} label="Copy the secret" />
      <Button component={Link} to={`/p/${useProject()}/connect`} variant="subtle" size="xs" mt="xs">
        Connect your backend with it
      </Button>
    </Alert>
  );
}

function state(key: Key): { label: string; color: string } {
  if (key.revoked_at) return { label: "Revoked", color: "gray" };
  if (key.expires_at && key.expires_at < Date.now()) return { label: "Expired", color: "gray" };
  if (key.expires_at) return { label: "Ending", color: "rust" };
  return { label: "Live", color: "leaf" };
}

function KeyTable({ keys, made }: { keys: Key[]; made: (key: Schemas["NewKey"]) => void }) {
  const [all, setAll] = useState(false);
  const live = keys.filter((key) => !key.revoked_at && !(key.expires_at && key.expires_at < Date.now()));
  const shown = all ? keys : live;
  return (
    <Stack gap="xs">
      <Paper withBorder>
        <Table.ScrollContainer minWidth={680}>
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
        {now.label !== "Revoked" && may("admin") && (
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
                <Menu.Item key={label} onClick={() => rotate.mutate(Number(seconds))}>
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

function NewKey({ done }: { done: (key: Schemas["NewKey"]) => void }) {
  const project = useProject();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Key["kind"]>("secret");
  const [scopes, setScopes] = useState<Scope[]>(["decide", "record"]);
  const [days, setDays] = useState<number | string>("");
  const create = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/keys", {
          params: { path: { project } },
          body: {
            client: name,
            kind,
            scopes: kind === "publishable" ? scopes.filter((one) => one === "decide" || one === "record") : scopes,
            expires_at: days === "" ? undefined : Date.now() + Number(days) * 86_400_000,
          },
        }),
      ),
    onSuccess(key) {
      void client.invalidateQueries(keysOf(project));
      done(key);
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
      <Stack>
        <TextInput
          label="Client"
          description="The program that will use it, as it should stand in the history."
          placeholder="shop-backend"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem?.at("client")}
        />
        <Radio.Group label="Where it is used" value={kind} onChange={(value) => setKind(value as Key["kind"])}>
          <Stack gap={6} mt={6}>
            <Radio
              value="secret"
              label="In a backend"
              description="A secret: whoever has it may do what is ticked below."
            />
            <Radio
              value="publishable"
              label="In browsers"
              description="No secret: it reports impressions and clicks, and decides for anonymous visitors."
            />
          </Stack>
        </Radio.Group>
        <Checkbox.Group label="It may" value={scopes} onChange={(value) => setScopes(value as Scope[])}>
          <Stack gap={6} mt={6}>
            {SCOPES.filter((one) => kind === "secret" || one.value === "decide" || one.value === "record").map(
              (one) => (
                <Checkbox key={one.value} value={one.value} label={one.label} description={one.about} />
              ),
            )}
          </Stack>
        </Checkbox.Group>
        <NumberInput label="Ends after" suffix=" days" placeholder="never" min={1} value={days} onChange={setDays} />
        {problem && problem.fields.length === 0 && <Trouble error={problem} />}
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending} disabled={!name.trim() || scopes.length === 0}>
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
