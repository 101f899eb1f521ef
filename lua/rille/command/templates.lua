--- The files that `rille init` writes.
local templates = {}

local MODELS = [[

model User {
  id        Int      @id @default(autoincrement())
  email     String   @unique
  name      String?
  createdAt DateTime @default(now())
  posts     Post[]
}

model Post {
  id        Int     @id @default(autoincrement())
  title     String
  content   String?
  published Boolean @default(false)
  author    User    @relation(fields: [authorId], references: [id])
  authorId  Int

  @@index([authorId])
}
]]

--- The schema, with or without example models.
function templates.schema(provider, with_model)
  return ([[
// The tables of this project. The connection is DATABASE_URL, in the environment or in .env.

datasource db {
  provider = "%s"
  url      = env("DATABASE_URL")
}
]]):format(provider) .. (with_model and MODELS or "\n// model User {\n//   id    Int    @id @default(autoincrement())\n//   email String @unique\n// }\n")
end

--- The seed script.
function templates.seed(with_model)
  return [[
-- First rows, for development and tests: `rille db seed` runs this file. It may run again and again.
local rille = require "rille"

local db = rille.connect()
]] .. (with_model and [[

for _, name in ipairs { "Ada", "Grace" } do
  local email = name:lower() .. "@example.com"
  db.user:upsert {
    where = { email = email },
    create = { email = email, name = name, posts = { create = { { title = "Hello from " .. name, published = true } } } },
    update = {},
  }
end
print(db.user:count() .. " users, " .. db.post:count() .. " posts")
]] or "\n-- db.user:upsert { where = { email = \"ada@example.com\" }, create = { email = \"ada@example.com\" }, update = {} }\n") .. "db:close()\n"
end

--- An example that reads rows; `schema` if it is not found by convention.
function templates.example(with_model, schema)
  return ([[
-- Run it with: lua5.4 main.lua
local rille = require "rille"

local db = rille.connect%s
]]):format(schema and (" { schema = %q }"):format(schema) or "()") .. (with_model and [[

local users = db.user:find_many { include = { posts = { where = { published = true } } }, order_by = { name = "asc" } }
for _, user in ipairs(users) do
  print(user.name, user.email, #user.posts .. " published")
end
]] or "\n-- for _, user in ipairs(db.user:find_many { order_by = { id = \"asc\" } }) do print(user.id, user.email) end\n") .. "db:close()\n"
end

--- What git ignores.
templates.ignored = { ".env", ".env.local", "*.db", "*.db-journal", "*.db-shm", "*.db-wal" }

return templates
