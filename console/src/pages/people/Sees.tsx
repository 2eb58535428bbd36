import { Anchor, Code, Group, Paper, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject } from "@/app/project";
import { Loaded } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { Gates } from "../campaign/preview/Gates";

/** What each running campaign would show this person now, and why. Nothing is recorded. */
export function Sees({ visitor, anonymous }: { visitor: string; anonymous: boolean }) {
  const project = useProject();
  const found = useQuery(campaigns(project));
  const open = (found.data?.items ?? []).filter(
    (one) => one.body.status === "running" || one.body.status === "testing",
  );
  if (found.data && open.length === 0) return <Text c="dimmed">No campaign runs at the moment.</Text>;
  return (
    <Stack gap="sm">
      {open.map((one) => (
        <One key={one.id} campaign={one} visitor={visitor} anonymous={anonymous} />
      ))}
    </Stack>
  );
}

function One({
  campaign,
  visitor,
  anonymous,
}: {
  campaign: Schemas["Versioned_Campaign_"];
  visitor: string;
  anonymous: boolean;
}) {
  const project = useProject();
  const shown = useQuery({
    queryKey: ["project", project, "sees", campaign.id, campaign.version, visitor],
    queryFn: () =>
      data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/preview", {
          params: { path: { project, ref: campaign.key } },
          body: { visitor: anonymous ? { anonymous_id: visitor } : { id: visitor } },
        }),
      ),
  });
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" mb="xs">
        <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}`} fw={600} size="sm">
          {campaign.body.name}
        </Anchor>
        <Status status={campaign.body.status ?? "draft"} />
      </Group>
      <Loaded query={shown} lines={1}>
        {(preview) => (
          <Stack gap="xs">
            <Gates preview={preview} campaign={campaign.body} />
            {preview.payload !== null && preview.payload !== undefined && (
              <Code block fz="xs" tabIndex={0} style={{ maxHeight: 200, overflow: "auto" }}>
                {JSON.stringify(preview.payload, null, 2)}
              </Code>
            )}
          </Stack>
        )}
      </Loaded>
    </Paper>
  );
}
