import { Anchor, Badge, Checkbox, Group, Paper, Table, Text, Tooltip, useMatches } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { Moment } from "@/parts/Moment";
import { Status } from "@/parts/Status";
import { Brought } from "./Brought";
import { RowMenu } from "./RowMenu";
import { useBrought } from "./useCampaigns";
import type { CampaignView } from "./verbs";

type Props = { pages: CampaignView[][]; marked: string[]; mark: (keys: string[]) => void };

/** Campaigns in rows, on a narrow screen with everything below the name; what each brought comes after, page by page. */
export function CampaignTable({ pages, marked, mark }: Props) {
  const shown = pages.flat();
  const wide = useMatches({ base: false, md: true });
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={wide ? 860 : 0} tabIndex={0}>
        <Table highlightOnHover verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={36}>
                <Checkbox
                  aria-label="Mark all that are shown"
                  checked={marked.length > 0 && marked.length === shown.length}
                  indeterminate={marked.length > 0 && marked.length < shown.length}
                  onChange={(event) => mark(event.currentTarget.checked ? shown.map((one) => one.key) : [])}
                />
              </Table.Th>
              <Table.Th>Campaign</Table.Th>
              <Table.Th visibleFrom="md">Status</Table.Th>
              <Table.Th visibleFrom="md">Primary result</Table.Th>
              <Table.Th visibleFrom="md">Owner</Table.Th>
              <Table.Th visibleFrom="md">Created</Table.Th>
              <Table.Th visibleFrom="md">Changed</Table.Th>
              <Table.Th w={44} aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pages.map((page) => (
              <Rows key={page[0]?.id ?? ""} page={page} marked={marked} mark={mark} wide={wide} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

type RowsProps = Omit<Props, "pages"> & { page: CampaignView[]; wide: boolean };

function Rows({ page, marked, mark, wide }: RowsProps) {
  const { lines, pending, failed } = useBrought(page);
  return page.map((one) => (
    <Row
      key={one.id}
      campaign={one}
      wide={wide}
      marked={marked.includes(one.key)}
      mark={(on) => mark(on ? [...marked, one.key] : marked.filter((key) => key !== one.key))}
      brought={
        <Brought
          line={lines.get(one.id) as Schemas["CampaignLine"] | undefined}
          pending={pending}
          failed={failed}
          draft={(one.body.status ?? "draft") === "draft"}
        />
      }
    />
  ));
}

type RowProps = {
  campaign: CampaignView;
  wide: boolean;
  marked: boolean;
  mark: (on: boolean) => void;
  brought: React.ReactNode;
};

function Row({ campaign, wide, marked, mark, brought }: RowProps) {
  const project = useProject();
  const { body } = campaign;
  const warnings = campaign.warnings ?? [];
  const experiment = body.kind === "experiment";
  return (
    <Table.Tr bg={marked ? "var(--mantine-primary-color-light)" : undefined}>
      <Table.Td>
        <Checkbox
          aria-label={`Mark ${body.name}`}
          checked={marked}
          onChange={(event) => mark(event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}`} fw={600} size="sm">
            {body.name}
          </Anchor>
          {warnings.length > 0 && (
            <Tooltip label={warnings.join(" ")} multiline maw={360}>
              <IconAlertTriangle
                size={16}
                color="var(--mantine-color-rust-6)"
                aria-label={warnings.join(" ")}
                role="img"
              />
            </Tooltip>
          )}
        </Group>
        <Group gap={6}>
          <Text size="xs" c="dimmed" ff="monospace">
            {campaign.key}
          </Text>
          {experiment && (
            <Text size="xs" c="dimmed">
              experiment
            </Text>
          )}
          {(body.groups ?? []).map((group) => (
            <Badge key={group} size="xs" variant="default" tt="none">
              {group}
            </Badge>
          ))}
        </Group>
        {!wide && (
          <Group gap="md" mt={6} align="flex-start" wrap="nowrap">
            <Standing campaign={campaign} />
            <div>{brought}</div>
          </Group>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md">{wide && <Standing campaign={campaign} />}</Table.Td>
      <Table.Td visibleFrom="md" miw={150}>
        {wide && brought}
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Text size="sm" c="dimmed" truncate maw={170} title={campaign.created_by ?? undefined}>
          {campaign.created_by}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Text size="sm" c="dimmed">
          {campaign.created_at != null && <Moment at={campaign.created_at} />}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Text size="sm" c="dimmed">
          <Moment at={campaign.at} />
        </Text>
        {campaign.author !== campaign.created_by && (
          <Text size="xs" c="dimmed" truncate maw={170} title={campaign.author}>
            by {campaign.author}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <RowMenu campaign={campaign} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Its status; of a draft, whether it may start. */
function Standing({ campaign }: { campaign: CampaignView }) {
  const status = campaign.body.status ?? "draft";
  return (
    <div>
      <Status status={status} />
      {status === "draft" && (
        <Text size="xs" c="dimmed">
          {campaign.ready ? "Ready" : "Needs setup"}
        </Text>
      )}
    </div>
  );
}
