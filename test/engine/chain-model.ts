/**
 * A LightGBM model of one tree that is a chain: node n splits feature n mod `features` at 0.5, its right child is a
 * leaf and its left the next node. `ratio` of the training rows go on at each node, as far as whole counts allow.
 */
export function chainText(shape: {
  readonly features: number;
  readonly nodes: number;
  readonly ratio: number;
}): string {
  const { features, nodes, ratio } = shape;
  const cover = [2 ** 50];
  for (let node = 1; node <= nodes; node++) {
    cover.push(Math.max(1, Math.min(cover[node - 1]! - 1, Math.floor(cover[node - 1]! * ratio))));
  }
  const each = (value: (node: number) => number): string =>
    Array.from({ length: nodes }, (_, node) => value(node)).join(' ');
  const leaves = Array.from({ length: nodes + 1 }, (_, leaf) => (((leaf * 37) % 101) - 50) / 64);
  const leafCover = leaves.map((_, leaf) =>
    leaf < nodes ? Math.max(0, cover[leaf]! - cover[leaf + 1]!) : cover[nodes]!,
  );
  return `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=${features - 1}
feature_names=${Array.from({ length: features }, (_, feature) => `f${feature}`).join(' ')}
feature_infos=${Array.from({ length: features }, () => '[0:1]').join(' ')}

Tree=0
num_leaves=${nodes + 1}
num_cat=0
split_feature=${each((node) => node % features)}
threshold=${each(() => 0.5)}
decision_type=${each(() => 2)}
left_child=${each((node) => (node + 1 < nodes ? node + 1 : ~nodes))}
right_child=${each((node) => ~node)}
leaf_value=${leaves.join(' ')}
leaf_count=${leafCover.join(' ')}
internal_count=${cover.slice(0, nodes).join(' ')}
shrinkage=1


end of trees
`;
}
