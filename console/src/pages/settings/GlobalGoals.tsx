import { Anchor, Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { goals } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { measured } from "@/pages/goals/Goals";
import { Loaded } from "@/parts/Loaded";
import { Section } from "./Section";

type Goal = Schemas["Versioned_Goal_"];

/** Which goals are measured for every campaign; each change is saved at once, as a new version of the goal. */
export function GlobalGoals() {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const found = useQuery(goals(project));
  const change = useMutation({
    mutationFn: ({ goal, global }: { goal: Goal; global: boolean }) =>
      data(
        api.PUT("/v1/projects/{project}/goals/{ref}", {
          params: { path: { project, ref: goal.key }, header: { "If-Match": `"${goal.version}"` } },
          body: { ...goal.body, global },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ["project", project, "goals"] }),
  });
  return (
    <Stack maw={720} mt="md">
      <Section title="Global goals">
        <Text size="sm" c="dimmed">
          They are measured for every campaign, beside its own. A change here is saved at once.
        </Text>
        <Loaded query={found} lines={2}>
          {({ items }) => {
            const others = items.filter((one) => !one.body.global);
            return (
              <>
                {others.length === items.length && <Text size="sm">None so far.</Text>}
                {items
                  .filter((one) => one.body.global)
                  .map((one) => (
                    <Group key={one.id} justify="space-between" wrap="nowrap">
                      <div>
                        <Anchor component={Link} to={`/p/${project}/goals/${one.key}`} size="sm" fw={600}>
                          {one.body.name}
                        </Anchor>
                        <Text size="xs" c="dimmed">
                          {measured(one.body)}
                        </Text>
                      </div>
                      {may("editor") && (
                        <Button
                          variant="default"
                          size="compact-sm"
                          aria-label={`Remove ${one.body.name} from the global goals`}
                          loading={change.isPending && change.variables.goal.id === one.id}
                          onClick={() => change.mutate({ goal: one, global: false })}
                        >
                          Remove
                        </Button>
                      )}
                    </Group>
                  ))}
                {may("editor") && others.length > 0 && (
                  <Select
                    aria-label="Make a goal global"
                    placeholder="Make another goal global"
                    searchable
                    disabled={change.isPending}
                    data={others.map((one) => ({ value: one.id, label: one.body.name }))}
                    value={null}
                    onChange={(id) => {
                      const goal = others.find((one) => one.id === id);
                      if (goal) change.mutate({ goal, global: true });
                    }}
                  />
                )}
              </>
            );
          }}
        </Loaded>
      </Section>
    </Stack>
  );
}
