-- The workloads, each as the same call of both, and what must be equal in their results.
local has_cjson, cjson = pcall(require, "cjson")

local BULK = 10000

-- Built for each call, inside the measured time: an application that inserts rows has to build them too.
local function bulk_rows()
  local content = ("These words are those of every row that the bulk insert makes, about one hundred letters of it. "):sub(1, 100)
  local rows = {}
  for i = 1, BULK do
    rows[i] = { title = "Bulk title " .. i, content = content, published = i % 2 == 1, views = i, authorId = i }
  end
  return rows
end

local function sort_children(rows, key)
  for _, row in ipairs(rows) do
    if key == "posts" then
      for _, post in ipairs(row.posts) do
        if post.tags then table.sort(post.tags, function(a, b) return a.id < b.id end) end
      end
    end
    table.sort(row[key], function(a, b) return a.id < b.id end)
  end
  return rows
end

local function same(a, b, path)
  if type(a) ~= type(b) or math.type(a) ~= math.type(b) then return false, ("%s: %s and %s"):format(path, type(a), type(b)) end
  if type(a) ~= "table" then return a == b, ("%s: %s and %s"):format(path, tostring(a), tostring(b)) end
  for key, value in pairs(a) do
    local equal, where = same(value, b[key], path .. "." .. tostring(key))
    if not equal then return false, where end
  end
  for key in pairs(b) do
    if a[key] == nil then return false, path .. "." .. tostring(key) .. ": only one side has it" end
  end
  return true
end

-- A created row, except what must differ.
local function comparable_user(row)
  assert(math.type(row.id) == "integer" and row.createdAt:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", "row of a create")
  local copy = {}
  for key, value in pairs(row) do copy[key] = value end
  copy.id, copy.email, copy.createdAt = nil, nil, nil
  return copy
end

local function identity(result) return result end
local function children(result) return sort_children(result, "posts") end

local created = 0
local function new_email()
  created = created + 1
  return "new" .. created .. "@example.com"
end

-- Tags have no order.
local function document(text)
  local rows = require("rille").json.decode(text)
  for _, row in ipairs(rows) do table.sort(row.tags, function(a, b) return a.id < b.id end) end
  return rows
end

-- What is in memory, by argument: pages of posts and single users.
local function remembered(yard)
  local yardstick = require "yardstick"
  local pages, users = {}, {}
  for after = 0, 900, 100 do
    pages[after] = yardstick.remember({ table.unpack(yard:page(after), 1, 100) }, "post")
    users[after] = yardstick.remember({ yard:find(after + 1) }, "user")
  end
  return pages, users
end

-- `cached` is a client with a cache.
return function(yard, db, cached)
  local yardstick = require "yardstick"
  local pages, users = remembered(yard)
  local function find(client, id, cache) return client.user:find_unique { where = { id = id + 1 }, cache = cache } end
  return {
    {
      name = "W1", title = "find by id", args = function(random) return random(10000) end, canonical = identity,
      yardstick = function(id) return yard:find(id) end,
      rille = function(id) return db.user:find_unique { where = { id = id } } end,
    },
    {
      name = "W2", title = "100 rows", args = function(random) return random(5000) end, canonical = identity,
      yardstick = function(views) return yard:recent(views) end,
      rille = function(views)
        return db.post:find_many { where = { published = true, views = { gte = views } }, order_by = { createdAt = "desc" }, take = 100 }
      end,
    },
    {
      name = "W3", title = "10,000 rows", args = function(random) return random(9) * 10000 end, canonical = identity,
      yardstick = function(after) return yard:page(after) end,
      rille = function(after) return db.post:find_many { where = { id = { gt = after } }, order_by = { id = "asc" }, take = 10000 } end,
    },
    {
      name = "W4", title = "50 users, posts", args = function(random) return random(9900) end, canonical = children,
      yardstick = function(start) return yard:users(start, 50, false) end,
      rille = function(start)
        return db.user:find_many { where = { id = { gte = start } }, order_by = { id = "asc" }, take = 50, include = { posts = true } }
      end,
    },
    {
      name = "W5", title = "20 users, posts, tags", args = function(random) return random(9900) end, canonical = children,
      yardstick = function(start) return yard:users(start, 20, true) end,
      rille = function(start)
        return db.user:find_many {
          where = { id = { gte = start } }, order_by = { id = "asc" }, take = 20, include = { posts = { include = { tags = true } } },
        }
      end,
    },
    {
      name = "W6", title = "create one", args = function() return "New User" end, canonical = comparable_user,
      yardstick = function(name) return yard:create(new_email(), name) end,
      rille = function(name) return db.user:create { data = { email = new_email(), name = name } } end,
      clean = function() yard:exec 'DELETE FROM "User" WHERE "id" > 10000' end,
    },
    {
      name = "W7", title = "make rows, create 10,000", args = function() return true end,
      canonical = function()
        local function number(sql) return tonumber(yard:exec(sql)) end
        return {
          count = number 'SELECT count(*) FROM "Post" WHERE "id" > 100000',
          views = number 'SELECT sum("views") FROM "Post" WHERE "id" > 100000',
          letters = number 'SELECT sum(length("title") + length("content")) FROM "Post" WHERE "id" > 100000',
          published = number 'SELECT count(*) FROM "Post" WHERE "id" > 100000 AND "published"',
          times = number [[SELECT count(*) FROM "Post" WHERE "id" > 100000 AND "createdAt" IS NOT NULL AND "authorId" <= 10000]],
        }
      end,
      yardstick = function() return yard:create_many(bulk_rows()) end,
      rille = function() return db.post:create_many { data = bulk_rows() } end,
      clean = function() yard:exec 'DELETE FROM "Post" WHERE "id" > 100000' end,
    },
    {
      name = "W11", title = "100 posts to Json", args = function(random) return random(99900) end, canonical = document,
      yardstick = function(after) return yard:feed_json(after) end,
      rille = function(after)
        return db.post:find_many {
          where = { id = { gt = after } }, order_by = { id = "asc" }, take = 100, include = { author = true, tags = true }, as = "json",
        }
      end,
      peer_name = "tables+cjson",
      peer = has_cjson and function(after) return cjson.encode(yard:feed(after)) end,
    },
    {
      name = "W12", title = "100 rows from the cache", args = function(random) return random(10) * 100 end, canonical = identity,
      yardstick = function(after) return yardstick.recall(pages[after]) end,
      rille = function(after)
        return cached.post:find_many { where = { id = { gt = after } }, order_by = { id = "asc" }, take = 100, cache = { ttl = 3600 } }
      end,
    },
    {
      name = "W13", title = "find by id from the cache", args = function(random) return random(10) * 100 end, canonical = identity,
      yardstick = function(after) return yardstick.recall_one(users[after]) end,
      rille = function(after) return find(cached, after, { ttl = 3600 }) end,
      peer_name = "query",
      peer = function(after) return find(db, after) end,
    },
  }, same
end
