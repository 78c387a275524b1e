/**
 * "Mother died", "husband's death", "death of her father": said of somebody else, in a plain text. A child's death is not
 * among them: of a young patient the parent says it so.
 */
export const DEATH_OF_ANOTHER =
  /\b(?:mother|father|parents?|husband|wife|spouse|partner|sister|brother|sibling|guardian|caregiver|care giver|relative|friend|neighbou?r|treatment supporter)(?:'?s| s)? (?:has |had |is |was |just |recently )?(?:dead|died|death|demise|deceased)\b|\b(?:death|demise|loss) of (?:her |his |the |a )?(?:mother|father|parents?|husband|wife|spouse|partner|sister|brother|sibling|guardian|caregiver|relative|friend)\b/u;
