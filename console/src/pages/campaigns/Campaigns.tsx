import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch, IconSpeakerphone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { campaignFacets } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { BulkPause } from "./BulkPause";
import { CampaignTable } from "./CampaignTable";
import { type Sought, useCampaigns } from "./useCampaigns";

export type { CampaignView } from "./verbs";

/** All campaigns of a project. */
export function Campaigns() {
  const project = useProject();
  const may = useRole();
  const facets = useQuery(campaignFacets(project));
  return (
    <Page
      wide
      title="Campaigns"
      about="Each tries its rules in order; the experiences of the first rule that matches share its visitors by weight, beside a control group."
      actions={
        may("editor") && (
          <Button leftSection={<IconPlus size={16} />} component={Link} to={`/p/${project}/campaigns/new`}>
            New campaign
          </Button>
        )
      }
    >
      <Loaded query={facets} lines={8}>
        {(found) =>
          Object.keys(found.statuses).length === 0 ? <First project={project} /> : <Listed facets={found} />
        }
      </Loaded>
    </Page>
  );
}

function First({ project }: { project: string }) {
  return (
    <Empty
      icon={<IconSpeakerphone size={26} />}
      title="No campaign yet"
      action={
        <Button component={Link} to={`/p/${project}/campaigns/new`}>
          Create the first one
        </Button>
      }
    >
      A campaign says who sees what: rules with an audience, experiences with content, and a small control group that
      sees nothing special, so that you can tell whether it helped.
    </Empty>
  );
}

function Listed({ facets }: { facets: Schemas["Facets"] }) {
  const sought = useSearch({ strict: false }) as Sought;
  const navigate = useNavigate();
  const [marked, setMarked] = useState<string[]>([]);
  const found = useCampaigns(sought);
  const set = (change: Sought) => {
    setMarked([]);
    void navigate({ to: ".", search: ((old: Sought) => ({ ...old, ...change })) as never, replace: true });
  };
  const search = useDebouncedCallback((q: string) => set({ q: q || undefined }), 250);
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <TextInput
          aria-label="Search campaigns"
          placeholder="Name or key"
          leftSection={<IconSearch size={16} />}
          defaultValue={sought.q ?? ""}
          onChange={(event) => search(event.currentTarget.value)}
          w={{ base: "100%", xs: 240 }}
        />
        <Select
          aria-label="Status"
          placeholder="All but archived"
          data={statuses(facets)}
          clearable
          value={sought.status ?? null}
          onChange={(status) => set({ status: status ?? undefined })}
          w={{ base: "100%", xs: 190 }}
        />
        {facets.groups.length > 0 && (
          <Select
            aria-label="Group"
            placeholder="Any group"
            data={facets.groups}
            clearable
            searchable
            value={sought.group ?? null}
            onChange={(group) => set({ group: group ?? undefined })}
            w={{ base: "100%", xs: 170 }}
          />
        )}
        {facets.owners.length > 1 && (
          <Select
            aria-label="Owner"
            placeholder="Any owner"
            data={facets.owners}
            clearable
            searchable
            value={sought.owner ?? null}
            onChange={(owner) => set({ owner: owner ?? undefined })}
            w={{ base: "100%", xs: 220 }}
          />
        )}
        {marked.length > 0 && <BulkPause refs={marked} done={() => setMarked([])} />}
      </Group>
      <Loaded query={found} lines={8}>
        {({ pages }) =>
          pages[0]!.items.length === 0 ? (
            <Text c="dimmed" py="xl" ta="center">
              No campaign is like that. Archived ones are shown under the status “Archived”.
            </Text>
          ) : (
            <CampaignTable pages={pages.map((page) => page.items)} marked={marked} mark={setMarked} />
          )
        }
      </Loaded>
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show more
        </Button>
      )}
    </Stack>
  );
}

const ORDER = ["running", "paused", "testing", "draft", "archived"] as const;

/** The statuses that there are, each with how many campaigns it has. */
const statuses = (facets: Schemas["Facets"]) =>
  ORDER.map((value) => ({
    value,
    label: `${value[0]!.toUpperCase()}${value.slice(1)} (${facets.statuses[value] ?? 0})`,
  }));
