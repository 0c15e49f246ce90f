// The list of runs: says when there is something new. The page works without it.

import { listen } from "./studio.js";

const news = document.querySelector("#news");
const shown = news?.dataset.tip;

listen({
  runs: ({ tip }) => {
    if (news && (tip ?? "") !== shown) news.hidden = false;
  },
});
