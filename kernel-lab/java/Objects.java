import java.util.HashMap;
import java.util.Map;

/** A JVM with 200,000 objects, half of them given up again, for `thpscope conform --suite restart`. */
public final class Objects {
    private record Part(int id, String name, int[] numbers) {}

    public static void main(String[] arguments) throws InterruptedException {
        Map<Integer, Part> parts = new HashMap<>();
        for (int i = 0; i < 200_000; i++)
            parts.put(i, new Part(i, "object " + i, new int[] {i, i + 1, i + 2}));
        parts.keySet().removeIf(id -> id % 2 == 0);
        System.out.println("ready");
        Thread.sleep(Long.MAX_VALUE);
    }
}
