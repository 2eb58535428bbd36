import "@mantine/spotlight/styles.css";
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import { IconSearch, IconSpeakerphone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { campaigns } from "@/api/queries";
import { PLACES } from "./places";

type Props = {
  project: string;
  /** how often it was asked for; each time it opens */
  asked: number;
};

/** Every page and every campaign, two keys away. */
export default function Finder({ project, asked }: Props) {
  useEffect(() => {
    if (asked) spotlight.open();
  }, [asked]);
  const navigate = useNavigate();
  const { data } = useQuery(campaigns(project));
  const pages: SpotlightActionData[] = PLACES.map((place) => ({
    id: `page-${place.path}`,
    label: place.label,
    leftSection: place.icon,
    onClick: () => void navigate({ to: `/p/${project}/${place.path}` }),
  }));
  const found: SpotlightActionData[] = (data?.items ?? []).map((one) => ({
    id: one.id,
    label: one.body.name,
    description: `${one.key} · ${one.body.status ?? "draft"}`,
    keywords: [one.key, ...(one.body.groups ?? [])],
    leftSection: <IconSpeakerphone size={18} />,
    onClick: () => void navigate({ to: `/p/${project}/campaigns/${one.key}` }),
  }));
  return (
    <Spotlight
      actions={[
        { group: "Pages", actions: pages },
        { group: "Campaigns", actions: found },
      ]}
      nothingFound="Nothing has this name."
      highlightQuery
      limit={12}
      scrollable
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: "Pages and campaigns…" }}
    />
  );
}
