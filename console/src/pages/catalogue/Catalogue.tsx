import { Button, Code, Group, Paper, Stack, Table, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconChevronRight, IconFileImport, IconPackage } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { Empty } from "@/parts/Empty";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { ImportModal } from "./Import";

type Item = Schemas["Item"];
const PAGE = 50;

/** What can be promoted. */
export function Catalogue() {
  const project = useProject();
  const may = useRole();
  const [importing, { open, close }] = useDisclosure();
  const [from, setFrom] = useState("");
  const [start] = useDebouncedValue(from.trim(), 250);
  const found = useInfiniteQuery({
    queryKey: ["project", project, "items", start],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/projects/{project}/items", {
          params: {
            path: { project },
            query: { limit: PAGE, ...(pageParam ? { after: pageParam } : start && { start }) },
          },
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
      {found.isSuccess && items.length === 0 && !start ? (
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
          {found.isSuccess && items.length === 0 && (
            <Text size="sm" c="dimmed" role="status">
              No id comes from “{start}” on.
            </Text>
          )}
          <Paper withBorder display={items.length === 0 ? "none" : undefined}>
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
                    <Row key={item.id} item={item} />
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
      <ImportModal opened={importing} close={close} />
    </Page>
  );
}

/** One item, with all of it and a way to take it out. */
function Row({ item }: { item: Item }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const [opened, { toggle }] = useDisclosure();
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/v1/projects/{project}/items/{item_id}", { params: { path: { project, item_id: item.id } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["project", project, "items"] }),
  });
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Group gap={6} wrap="nowrap">
            <UnstyledButton aria-expanded={opened} aria-label={`All of ${item.id}`} onClick={toggle}>
              <IconChevronRight size={14} style={{ transform: opened ? "rotate(90deg)" : undefined }} />
            </UnstyledButton>
            <code style={{ whiteSpace: "nowrap" }}>{item.id}</code>
          </Group>
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
      {opened && (
        <Table.Tr>
          <Table.Td colSpan={4}>
            <Stack gap="xs" align="flex-start">
              <Code block fz="xs" w="100%">
                {JSON.stringify(item, null, 2)}
              </Code>
              {may("editor") && (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={remove.isPending}
                  onClick={() =>
                    confirm({
                      title: `Delete ${named(item.attributes) || item.id}?`,
                      body: "Content that names it goes on without it.",
                      verb: "Delete",
                      danger: true,
                      act: () => remove.mutate(),
                    })
                  }
                >
                  Delete
                </Button>
              )}
            </Stack>
          </Table.Td>
        </Table.Tr>
      )}
    </>
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
