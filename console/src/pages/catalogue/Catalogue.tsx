import {
  Alert,
  Button,
  Code,
  FileInput,
  Group,
  List,
  Modal,
  Paper,
  Progress,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconFileImport, IconPackage } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject, useRole } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { count } from "@/parts/figures";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { type Entry, read } from "./reading";

type Item = Schemas["Item"];
const PAGE = 50;
/** Items of one upload; a failure tells which ones of it are wrong, the others of the file go on. */
const BITE = 500;

/** What can be promoted. */
export function Catalogue() {
  const project = useProject();
  const may = useRole();
  const [importing, { open, close }] = useDisclosure();
  const [from, setFrom] = useState("");
  const [after] = useDebouncedValue(from.trim(), 250);
  const found = useInfiniteQuery({
    queryKey: ["project", project, "items", after],
    initialPageParam: after,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/projects/{project}/items", {
          params: { path: { project }, query: { limit: PAGE, after: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const add = may("editor") && (
    <Button leftSection={<IconFileImport size={16} />} onClick={open}>
      Import
    </Button>
  );
  return (
    <Page
      title="Catalogue"
      about="The products, articles or offers that experiences can promote, by id, with whatever is known of them."
      actions={add}
    >
      {found.error && <Trouble error={found.error} retry={() => found.refetch()} />}
      {found.isSuccess && items.length === 0 && !after ? (
        <Empty icon={<IconPackage size={26} />} title="No item yet" action={add}>
          Import a CSV or JSON file with an <code>id</code> column; every other column becomes an attribute that content
          can show. A backend can also send items to <code>POST /v1/projects/{project}/items</code>.
        </Empty>
      ) : (
        <Stack gap="sm">
          <TextInput
            label="From id"
            placeholder="the beginning"
            w={240}
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <Paper withBorder>
            <Table.ScrollContainer minWidth={640} tabIndex={0}>
              <Table fz="sm" verticalSpacing={6}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Id</Table.Th>
                    <Table.Th>Type</Table.Th>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Attributes</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((item) => (
                    <Table.Tr key={item.id}>
                      <Table.Td>
                        <code style={{ whiteSpace: "nowrap" }}>{item.id}</code>
                      </Table.Td>
                      <Table.Td>{item.type ?? "Product"}</Table.Td>
                      <Table.Td>
                        <Text size="sm" fw={500}>
                          {named(item.attributes)}
                        </Text>
                      </Table.Td>
                      <Table.Td maw={520}>
                        <Text size="xs" c="dimmed" truncate>
                          {others(item.attributes)}
                        </Text>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
          {found.hasNextPage && (
            <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
              Show more
            </Button>
          )}
        </Stack>
      )}
      <Modal opened={importing} onClose={close} title="Import items" size="lg">
        <Import done={close} />
      </Modal>
    </Page>
  );
}

/** Attributes that say what an item is called, the usual first. */
const NAMES = ["name", "title"];

const named = (attributes: Item["attributes"]): string =>
  String((attributes as Record<string, unknown> | undefined)?.[nameIn(attributes) ?? ""] ?? "");

const nameIn = (attributes: Item["attributes"]): string | undefined =>
  NAMES.find((one) => attributes && typeof (attributes as Record<string, unknown>)[one] === "string");

/** Every other attribute in one line. */
const others = (attributes: Item["attributes"]): string =>
  Object.entries(attributes ?? {})
    .filter(([name]) => name !== nameIn(attributes))
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");

type Outcome = { written: number; rejected: { line: number; error: string }[] };

function Import({ done }: { done: () => void }) {
  const project = useProject();
  const client = useQueryClient();
  const [entries, setEntries] = useState<Entry[] | null>(null);
  const [trouble, setTrouble] = useState<string | undefined>();
  const [sent, setSent] = useState<number | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  async function take(file: File | null) {
    setEntries(null);
    setTrouble(undefined);
    setOutcome(null);
    if (!file) return;
    try {
      setEntries(read(file.name, await file.text()));
    } catch (error) {
      setTrouble(asProblem(error).message);
    }
  }

  async function send() {
    const good = entries!.filter((one) => one.item) as (Entry & { item: Item })[];
    const told: Outcome = {
      written: 0,
      rejected: entries!.filter((one) => one.error).map((one) => ({ line: one.line, error: one.error! })),
    };
    for (let at = 0; at < good.length; at += BITE) {
      setSent(at);
      const bite = good.slice(at, at + BITE);
      await write(bite, told);
    }
    setSent(null);
    setOutcome(told);
    await client.invalidateQueries({ queryKey: ["project", project, "items"] });
  }

  /** A bite that is refused is sent again without what is wrong with it. */
  async function write(bite: (Entry & { item: Item })[], told: Outcome): Promise<void> {
    if (bite.length === 0) return;
    try {
      const answer = await data(
        api.POST("/v1/projects/{project}/items", {
          params: { path: { project } },
          body: { items: bite.map((one) => one.item) },
        }),
      );
      told.written += answer.written;
    } catch (error) {
      const problem = asProblem(error);
      const wrong = new Map<number, string>();
      for (const field of problem.fields) {
        const index = /^items\[(\d+)\]/.exec(field.field)?.[1];
        if (index !== undefined)
          wrong.set(Number(index), `${field.field}: expected ${field.expected}, got ${field.got}`);
      }
      if (wrong.size === 0) throw error;
      for (const [index, why] of wrong) told.rejected.push({ line: bite[index]!.line, error: why });
      await write(
        bite.filter((_, index) => !wrong.has(index)),
        told,
      );
    }
  }

  const bad = entries?.filter((one) => one.error) ?? [];
  return (
    <Stack>
      <FileInput
        label="File"
        description="CSV with a header line, JSON (a list), or JSON Lines. One column or member is called id."
        placeholder="Choose a file"
        accept=".csv,.json,.jsonl,.ndjson,text/csv,application/json"
        onChange={(file) => void take(file)}
        error={trouble}
      />
      {entries && !outcome && (
        <>
          <Text size="sm">
            {count(entries.length - bad.length)} items are ready
            {bad.length > 0 && `, ${count(bad.length)} lines cannot be read`}. The first:
          </Text>
          <Code block fz="xs">
            {JSON.stringify(entries.find((one) => one.item)?.item ?? {}, null, 2)}
          </Code>
        </>
      )}
      {sent !== null && entries && (
        <div>
          <Progress value={(100 * sent) / Math.max(1, entries.length)} aria-label="Imported" />
          <Text size="xs" c="dimmed" mt={4} role="status">
            {count(sent)} of {count(entries.length)}
          </Text>
        </div>
      )}
      {outcome && (
        <Alert
          color={outcome.rejected.length ? "rust" : "leaf"}
          title={`${count(outcome.written)} items are in the catalogue`}
        >
          {outcome.rejected.length > 0 && (
            <List size="sm">
              {outcome.rejected.slice(0, 50).map((one) => (
                <List.Item key={`${one.line}${one.error}`}>
                  line {one.line}: {one.error}
                </List.Item>
              ))}
            </List>
          )}
        </Alert>
      )}
      <Group justify="flex-end">
        {outcome ? (
          <Button onClick={done}>Done</Button>
        ) : (
          <Button
            disabled={!entries || entries.length === bad.length}
            loading={sent !== null}
            onClick={() =>
              void send().catch((error) => {
                setSent(null);
                setTrouble(asProblem(error).message);
              })
            }
          >
            Import
          </Button>
        )}
      </Group>
    </Stack>
  );
}
