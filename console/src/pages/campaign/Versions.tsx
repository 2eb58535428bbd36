import { Badge, Button, Code, Collapse, Group, Paper, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";

type View = Schemas["Versioned_Campaign_"];

/** Every version that was published, and the way back to one. */
export function Versions({ view }: { view: View }) {
  const project = useProject();
  const found = useQuery({
    queryKey: ["project", project, "campaigns", view.key, "versions", view.version],
    queryFn: () =>
      data(
        api.GET("/v1/projects/{project}/campaigns/{ref}/versions", { params: { path: { project, ref: view.key } } }),
      ),
  });
  return (
    <Loaded query={found}>
      {({ items }) => (
        <Stack gap="xs" maw={820}>
          {items.map((one) => (
            <Version key={one.version} one={one} view={view} />
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

function Version({ one, view }: { one: View; view: View }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const current = one.version === view.version;
  const back = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/versions/{version}/rollback", {
          params: {
            path: { project, ref: view.key, version: one.version },
            header: { "If-Match": `"${view.version}"` },
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["project", project, "campaigns"] }),
  });
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Text fw={600} size="sm">
              Version {one.version}
            </Text>
            <Badge size="sm" variant="default" tt="none">
              {one.action}
            </Badge>
            {current && (
              <Badge size="sm" variant="light" tt="none">
                in force
              </Badge>
            )}
          </Group>
          <Text size="xs" c="dimmed">
            {one.author}, <Moment at={one.at} />
          </Text>
        </div>
        <Group gap="xs">
          <Button variant="subtle" size="compact-sm" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {opened ? "Hide" : "Show"}
          </Button>
          {!current && (
            <Button
              variant="default"
              size="compact-sm"
              disabled={!may("publisher")}
              loading={back.isPending}
              onClick={() =>
                confirm({
                  title: `Go back to version ${one.version}?`,
                  body: "Content and weights come back as a new version. Who was drawn where, and whether it runs, stay as they are.",
                  verb: "Go back",
                  act: () => back.mutate(),
                })
              }
            >
              Go back to it
            </Button>
          )}
        </Group>
      </Group>
      <Collapse expanded={opened}>
        <Code block fz="xs" mt="xs" tabIndex={0} style={{ maxHeight: 420, overflow: "auto" }}>
          {JSON.stringify(one.body, null, 2)}
        </Code>
      </Collapse>
    </Paper>
  );
}
