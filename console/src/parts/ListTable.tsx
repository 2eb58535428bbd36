import { Paper, Table } from "@mantine/core";
import type { ReactNode } from "react";

type Props<T> = {
  items: readonly T[];
  /** what stands over the columns; `num` for figures */
  head: (string | { label: string; num: true })[];
  /** the cells of one row */
  row: (item: T) => ReactNode;
  minWidth?: number;
};

/** A list of things that have pages of their own. */
export function ListTable<T extends { id: string }>({ items, head, row, minWidth = 620 }: Props<T>) {
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={minWidth}>
        <Table highlightOnHover verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {head.map((one) =>
                typeof one === "string" ? (
                  <Table.Th key={one}>{one}</Table.Th>
                ) : (
                  <Table.Th key={one.label} className="num">
                    {one.label}
                  </Table.Th>
                ),
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((one) => (
              <Table.Tr key={one.id}>{row(one)}</Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
