-- A real job: creates the database of schema.prisma, fills it with a blog, and reports on it.
--
--   DATABASE_URL=file:./blog.db lua5.4 blog.lua        (or postgresql://user:password@host/database)
--
-- It writes the same in every run. It replaces its own tables only, and leaves a database with other tables alone.
local here = arg and arg[0] and arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local rille = require "rille"
local terminal = require "terminal"

local USERS, POSTS, CHUNK = 24, 420, 60
local DOMAIN = "@blog.example"

-- Words ------------------------------------------------------------------------------------------------------------
local FIRST = { "Ada", "Björn", "Chloé", "Dóra", "Emeka", "Fatıma", "Gábor", "Hana", "Ingrid", "João", "Keiko", "Łucja" }
local LAST = { "Åkesson", "Brandt", "Castaño", "Dvořák", "Ekström", "Fekete", "Günay", "Horváth" }
local TAGS = { "lua", "sqlite", "postgres", "performance", "testing", "design", "travel", "naïve-bayes", "日本語", "cooking", "music", "trains" }
local ABOUT = { "Indexes", "Coffee", "Night trains", "Unit tests", "Crème brûlée", "Coroutines", "Query plans", "Bicycles", "Small languages",
  "東京", "Old maps", "Type systems", "Winter", "Good errors", "Caching", "Letters" }
local SAID = { "What nobody told me about %s", "%s, from the beginning", "A year with %s", "%s without tears", "In praise of %s",
  "Why I changed my mind about %s", "Notes on %s", "%s: questions and answers", "Ten minutes with %s" }

-- The same numbers on every machine, in every Lua.
local state = 20261122
local function random(n)
  state = (state * 16807) % 2147483647
  return state % n + 1
end

-- Preparing --------------------------------------------------------------------------------------------------------
local OURS = { User = true, Post = true, Tag = true, _PostToTag = true }
local TABLES = {
  sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  postgresql = "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()",
}

-- Returns whether the database is empty or has the tables of an earlier run only.
local function may_be_replaced(db, engine)
  local tables = db:query_raw(TABLES[engine])
  for _, row in ipairs(tables) do
    if not OURS[row.name] then return false end
  end
  if #tables == 0 then return true end
  return db.user:count { where = { NOT = { email = { ends_with = DOMAIN } } } } == 0
end

local function prepare(schema, url)
  local engine = url:match "^postgres" and "postgresql" or "sqlite"
  rille.try(rille.push, { schema = schema, url = url }) -- makes the database when there is none
  local db = rille.connect { schema = schema, url = url }
  local free = may_be_replaced(db, engine)
  db:close()
  if not free then error("the database of DATABASE_URL has other tables; use a separate database for this job", 0) end
  rille.push { schema = schema, url = url, reset = true }
  return rille.connect { schema = schema, url = url }
end

-- Seeding ----------------------------------------------------------------------------------------------------------
local function user(i)
  local name = FIRST[(i - 1) % #FIRST + 1] .. " " .. LAST[(i * 5) % #LAST + 1]
  return {
    email = ("author%02d"):format(i) .. DOMAIN,
    name = name,
    bio = i % 3 ~= 0 and name .. " writes about " .. ABOUT[random(#ABOUT)]:lower() .. "." or nil,
    avatar = ("https://blog.example/avatars/%02d.png"):format(i),
    createdAt = ("2026-01-%02dT08:00:00Z"):format(i),
  }
end

-- The first post with a tag creates it. Later posts connect to it.
local known_tags = {}
local function tags()
  local chosen, create, connect = {}, {}, {}
  for _ = 1, random(3) do
    local name = TAGS[math.min(random(#TAGS), random(#TAGS))]
    if not chosen[name] then
      local list = known_tags[name] and connect or create
      list[#list + 1] = { name = name }
      chosen[name], known_tags[name] = true, true
    end
  end
  return { create = #create > 0 and create or nil, connect = #connect > 0 and connect or nil }
end

local function post(i, authors)
  local about = ABOUT[random(#ABOUT)]
  local title = SAID[random(#SAID)]:format(about)
  local day, minute = math.floor((i - 1) * 300 / POSTS), random(720)
  return {
    title = title,
    slug = ("post-%03d"):format(i),
    excerpt = i % 4 ~= 0 and ("All that I know about %s, in %d minutes."):format(about, random(12) + 2) or nil,
    content = (title .. ". "):rep(random(8) + 3),
    published = random(5) > 1,
    featured = random(9) == 1,
    views = random(90) * random(90),
    authorId = authors[math.min(random(#authors), random(#authors))].id,
    createdAt = rille.time "2026-01-25" + day * 86400 + minute * 60 + 28800,
    tags = tags(),
  }
end

local function seed(db)
  local rows = {}
  for i = 1, USERS do rows[i] = user(i) end
  local bar = terminal.progress("users", USERS)
  bar(db.user:create_many { data = rows }.count)
  local authors = db.user:find_many { select = { id = true }, order_by = { id = "asc" } }
  bar = terminal.progress("posts", POSTS)
  for first = 1, POSTS, CHUNK do -- a transaction a chunk: one commit for many posts
    db:transaction(function(tx)
      for i = first, math.min(first + CHUNK - 1, POSTS) do
        tx.post:create { data = post(i, authors), select = { id = true } }
        bar(i)
      end
    end)
  end
end

-- Reporting --------------------------------------------------------------------------------------------------------
local function featured(db)
  local posts = db.post:find_many {
    where = { published = true, featured = true },
    include = { author = { select = { name = true, avatar = true } }, tags = { order_by = { name = "asc" } } },
    order_by = { createdAt = "desc" },
    take = 5,
  }
  local rows = {}
  for i, row in ipairs(posts) do
    local names = {}
    for t, tag in ipairs(row.tags) do names[t] = tag.name end
    rows[i] = { row.title, row.author.name, table.concat(names, ", "), tostring(row.views), row.createdAt:sub(1, 10) }
  end
  terminal.heading "Featured posts"
  terminal.table({ { "Title", most = 38 }, { "Author", most = 16 }, { "Tags", most = 22 }, { "Views", right = true }, { "Date" } }, rows)
end

local function authors(db)
  local users = db.user:find_many {
    select = { name = true, bio = true, _count = { select = { posts = true } } },
    order_by = { id = "asc" },
  }
  table.sort(users, function(a, b)
    if a._count.posts ~= b._count.posts then return a._count.posts > b._count.posts end
    return a.name < b.name
  end)
  local rows = {}
  for i = 1, 6 do rows[i] = { users[i].name, tostring(users[i]._count.posts), users[i].bio or "–" } end
  terminal.heading "Busiest authors"
  terminal.table({ { "Author", most = 20 }, { "Posts", right = true }, { "About", most = 60 } }, rows)
end

local function counts(db)
  local all, published, drafts, seen, untagged, tag_count = db:batch(function(b)
    b.post:count()
    b.post:count { where = { published = true } }
    b.post:count { where = { published = false } }
    b.post:count { where = { views = { gte = 2000 } } }
    b.user:count { where = { bio = rille.null } }
    b.tag:count()
  end)
  terminal.heading "In all"
  terminal.table({ { "What" }, { "How many", right = true } }, {
    { "posts", tostring(all) },
    { "  published", tostring(published) },
    { "  drafts", tostring(drafts) },
    { "  seen 2000 times or more", tostring(seen) },
    { "authors", tostring(USERS) },
    { "  without a word about them", tostring(untagged) },
    { "tags", tostring(tag_count) },
  })
end

local function main()
  local url = os.getenv "DATABASE_URL"
  if not url or url == "" then url = "file:./blog.db" end
  print("Seeding " .. (url:gsub("//[^/@]*@", "//")):gsub("%?.*$", ""))
  local db = prepare(here .. "/schema.prisma", url)
  seed(db)
  featured(db)
  authors(db)
  counts(db)
  db:close()
end

local ok, e = pcall(main)
if not ok then
  io.stderr:write("\nblog.lua: ", tostring(e), "\n")
  os.exit(1)
end
