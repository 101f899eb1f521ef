-- The schema of the specs of extensions, a log of hooks, and clients with one.
local rille = require "rille"

local shop = {}

shop.schema = [[
model User {
  id       Int      @id @default(autoincrement())
  email    String   @unique
  first    String   @default("Ada")
  last     String?
  password String?
  profile  Profile?
  posts    Post[]
}
model Profile {
  id     Int    @id @default(autoincrement())
  bio    String
  userId Int?   @unique
  user   User?  @relation(fields: [userId], references: [id], onDelete: Cascade)
}
model Post {
  id       Int    @id @default(autoincrement())
  title    String
  views    Int    @default(0)
  authorId Int?
  author   User?  @relation(fields: [authorId], references: [id])
  tags     Tag[]
  lines    Line[]
  parentId Int?
  parent   Post?  @relation("Answers", fields: [parentId], references: [id])
  answers  Post[] @relation("Answers")
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}
model Line {
  postId Int
  nr     Int
  text   String
  data   Json?
  post   Post   @relation(fields: [postId], references: [id], onDelete: Cascade)

  @@id([postId, nr])
}
model Hidden {
  id Int @id

  @@ignore
}
]]

local function words_of(row)
  local names, words = {}, {}
  for name in pairs(row) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = row[name]
    words[i] = name .. "=" .. (type(value) == "table" and rille.json.encode(value) or tostring(value))
  end
  return table.concat(words, " ")
end

-- Returns the client with hooks for every model that only write a log, and the log: "before create Post title=x".
function shop.logged(db, given)
  local log = {}
  local function add(when, model)
    return function(row, _, action)
      log[#log + 1] = ("%s %s %s %s"):format(when, action, model, words_of(row))
    end
  end
  local write = {}
  for _, model in ipairs(given or { "User", "Profile", "Post", "Tag", "Line" }) do
    write[model] = { before = add("before", model), after = add("after", model) }
  end
  return db:extend { write = write }, log
end

-- Returns what a log says since the last time, without the rows: "before create Post". Empties it.
function shop.take(log, whole)
  local taken = {}
  for i, line in ipairs(log) do
    taken[i] = whole and line or line:match "^%a+ %a+ %a+"
    log[i] = nil
  end
  return taken
end

return shop
