-- Two tenants in one database. The other one's rows have numbers from 101, and its texts contain tenants.SECRET. Some references cross the border, as a
-- program without a scope may have left them: they must not be a way through.
local support = require "support"

local tenants = { SECRET = "s3cret", OWN = 7, OTHER = 8 }

tenants.SCHEMA = [[
model Country {
  id    Int    @id
  name  String @unique
  users User[]
}
model User {
  id        Int       @id
  tenantId  Int
  email     String    @unique
  name      String?
  karma     Int       @default(0)
  country   Country?  @relation(fields: [countryId], references: [id])
  countryId Int?
  posts     Post[]
  comments  Comment[]
  profile   Profile?
  @@unique([tenantId, name])
}
model Profile {
  id       Int    @id
  tenantId Int
  bio      String @unique
  user     User?  @relation(fields: [userId], references: [id])
  userId   Int?   @unique
}
model Post {
  id       Int       @id
  tenantId Int
  slug     String
  title    String
  views    Int       @default(0)
  author   User      @relation(fields: [authorId], references: [id])
  authorId Int
  parent   Post?     @relation("tree", fields: [parentId], references: [id], onDelete: NoAction, onUpdate: NoAction)
  parentId Int?
  children Post[]    @relation("tree")
  comments Comment[]
  tags     Tag[]
  @@unique([tenantId, slug])
}
model Comment {
  id       Int    @id
  tenantId Int
  text     String
  post     Post   @relation(fields: [postId], references: [id], onDelete: NoAction)
  postId   Int
  author   User?  @relation(fields: [authorId], references: [id])
  authorId Int?
}
model Tag {
  id       Int    @id
  tenantId Int
  name     String @unique
  posts    Post[]
}]]

tenants.MODELS = { "user", "profile", "post", "comment", "tag" }

local function rows_of(tenant, n, text)
  return {
    user = {
      { id = n + 1, tenantId = tenant, email = text .. "1", name = text .. "n1" },
      { id = n + 2, tenantId = tenant, email = text .. "2", name = text .. "n2", karma = 5 },
      { id = n + 3, tenantId = tenant, email = text .. "3", name = text .. "n3" },
    },
    profile = { { id = n + 1, tenantId = tenant, bio = text .. "b1", userId = n + 1 }, { id = n + 2, tenantId = tenant, bio = text .. "b2" } },
    post = {
      { id = n + 1, tenantId = tenant, slug = text .. "s1", title = text .. "t1", authorId = n + 1, views = 1 },
      { id = n + 2, tenantId = tenant, slug = text .. "s2", title = text .. "t2", authorId = n + 1, parentId = n + 1 },
      { id = n + 3, tenantId = tenant, slug = text .. "s3", title = text .. "t3", authorId = n + 2, parentId = n + 2 },
    },
    comment = {
      { id = n + 1, tenantId = tenant, text = text .. "c1", postId = n + 1, authorId = n + 2 },
      { id = n + 2, tenantId = tenant, text = text .. "c2", postId = n + 2 },
    },
    tag = { { id = n + 1, tenantId = tenant, name = text .. "g1" }, { id = n + 2, tenantId = tenant, name = text .. "g2" } },
  }
end

-- What a program without a scope has left.
local function cross(db)
  db.post:create { data = { id = 9, tenantId = 7, slug = "crossed", title = "crossed", authorId = 101, parentId = 101, tags = { connect = { { id = 101 } } } } }
  db.comment:create { data = { id = 109, tenantId = 8, text = tenants.SECRET .. "x", postId = 1 } }
  db.comment:create { data = { id = 9, tenantId = 7, text = "crossed", postId = 101, authorId = 101 } }
  db.post:create { data = { id = 109, tenantId = 8, slug = tenants.SECRET .. "x", title = tenants.SECRET .. "x", authorId = 1, parentId = 1,
    tags = { connect = { { id = 1 } } } } }
  db.profile:create { data = { id = 109, tenantId = 8, bio = tenants.SECRET .. "x", userId = 3 } }
end

-- Removes all rows and writes them again.
function tenants.fill(db)
  local null, all = require "rille".null, require "rille".all
  db.post:update_many { where = all, data = { parentId = null } }
  for _, model in ipairs { "comment", "post", "tag", "profile", "user", "country" } do db[model]:delete_many { where = all } end
  db.country:create { data = { id = 1, name = "somewhere" } }
  for tenant, rows in pairs { [7] = rows_of(7, 0, "own"), [8] = rows_of(8, 100, tenants.SECRET) } do
    for _, model in ipairs(tenants.MODELS) do db[model]:create_many { data = rows[model] } end
    local n = tenant == 7 and 0 or 100
    db.post:update { where = { id = n + 1 }, data = { tags = { connect = { { id = n + 1 }, { id = n + 2 } } } } }
  end
  cross(db)
end

function tenants.open(engine, options)
  local db = support.open(engine, tenants.SCHEMA, options)
  tenants.fill(db)
  return db, db:with { scope = { ["*"] = { tenantId = 7 } }, except = { "country" } }
end

-- All rows, by model, each with the tags that it is linked to.
local function everything(db)
  local out = {}
  for _, model in ipairs(tenants.MODELS) do
    out[model] = db[model]:find_many { order_by = { id = "asc" }, include = model == "post" and { tags = { select = { id = true, tenantId = true },
      order_by = { id = "asc" } } } or nil }
  end
  return out
end

-- The row with its links to rows of the same tenant: the others end with the rows of the other tenant.
local function own_links(row)
  if not row.tags then return row end
  local out, tags = {}, {}
  for name, v in pairs(row) do out[name] = v end
  for _, tag in ipairs(row.tags) do
    if tag.tenantId == row.tenantId then tags[#tags + 1] = tag end
  end
  out.tags = tags
  return out
end

local function of_tenant(rows, tenant)
  local out = {}
  for model, list in pairs(rows) do
    out[model] = {}
    for _, row in ipairs(list) do
      if row.tenantId == tenant then out[model][#out[model] + 1] = own_links(row) end
    end
  end
  return out
end

local references = { profile = { "userId" }, post = { "authorId", "parentId" }, comment = { "postId", "authorId" } }

-- The references from one tenant to the other, as one text.
local function crossings(rows)
  local out = {}
  for model, list in pairs(rows) do
    for _, row in ipairs(list) do
      for _, name in ipairs(references[model] or {}) do
        if row[name] and (row[name] > 100) ~= (row.id > 100) then out[#out + 1] = ("%s %d %s=%d"):format(model, row.id, name, row[name]) end
      end
      for _, tag in ipairs(row.tags or {}) do
        if tag.tenantId ~= row.tenantId then out[#out + 1] = ("post %d tag %d"):format(row.id, tag.id) end
      end
    end
  end
  table.sort(out)
  return out
end

-- The state of the database: the other tenant's rows as text, ours as text, and what crosses.
function tenants.state(db)
  local json, rows = require "rille".json.encode, everything(db)
  return { other = json(of_tenant(rows, 8)), own = json(of_tenant(rows, 7)), crossings = crossings(rows) }
end

return tenants
